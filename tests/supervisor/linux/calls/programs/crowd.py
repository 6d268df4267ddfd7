server = socket.socket(socket.AF_UNIX)
server.bind("socket")
server.listen(0)
def connect():
    client = socket.socket(socket.AF_UNIX)
    client.connect("socket")
    client.sendall(b"x")
