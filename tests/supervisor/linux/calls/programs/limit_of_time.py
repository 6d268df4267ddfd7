import struct
connect()
client = socket.socket(socket.AF_UNIX)
limit = struct.pack("@qq", 0, 200_000)
client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
try:
    client.connect("socket")
except BlockingIOError as error:
    print(error.strerror)
print(client.getsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, 16) == limit)
client.setblocking(False)
print(client.connect_ex("socket"))
