import socket
import sys

from nono.supervisor import Options, make_plan, run

listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(0)
port = listener.getsockname()[1]
waiting = [socket.socket() for _ in range(3)]
for each in waiting:
    each.setblocking(False)
    each.connect_ex(("127.0.0.1", port))
plan = make_plan(Options(open_port=[port], allow_cwd=True), ["python3"])
program = f'''
import errno, socket, struct
for attempt in range(6):
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 0, 200000))
        print(errno.errorcode[sock.connect_ex(("127.0.0.1", {port}))])
'''
print(run(["python3", "-c", program], plan, capture_output=True).stdout.decode(), end="")
