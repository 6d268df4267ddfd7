import socket
import sys

from nono.supervisor import Options, make_plan, run

allowed, address, server, port, opened = sys.argv[1:]
options = Options(
    allow_domain=(allowed, address),
    allow_cwd=True,
    dns=[f"{server}:{port}"],
    open_port=[int(opened)],
)
plan = make_plan(options, ["python3"])
socket.setdefaulttimeout(5)
program = f'''
import os, socket, urllib.request
def show(what, sock):
    print(what, os.get_blocking(sock.fileno()))
for attempt in range(3):
    with socket.create_connection(("127.0.0.1", {opened})) as sock:
        show("connected", sock)
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        show("listens", sock)
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
    show("unix datagrams", sock)
for sock in socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM):
    show("pair", sock)
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    show("datagrams", sock)
print(urllib.request.urlopen("http://{allowed}").read().decode())
'''
done = run(["python3", "-c", program], plan, capture_output=True)
print(done.stdout.decode(), end="")
