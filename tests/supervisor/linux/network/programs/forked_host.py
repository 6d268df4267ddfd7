import os
import socket
import sys

from nono import PIPE, Policy, Sandbox

program = '''
import socket, sys
def question(kind):
    body = bytes([0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]) + b"\\1a\\7example\\3com\\0" + bytes([0, kind, 0, 1])
    return len(body).to_bytes(2, "big") + body
clients = []
for kind in (1, 1, 255, 255):
    sock = socket.create_connection(("127.0.0.1", 53), timeout=5)
    sock.send(question(kind))
    sock.recv(1024)
    clients.append(sock)
print("ready", flush=True)
sys.stdin.read(1)
for sock in clients:
    sock.send(bytes(2))
for sock in clients:
    try:
        print(sock.recv(1))
    except ConnectionResetError:
        print(b"")
    except TimeoutError:
        print("waits")
'''
ended, end = os.pipe()
with Sandbox(Policy().hosts("a.example.com")) as box:
    process = box.start(["python3", "-c", program], stdin=PIPE, stdout=PIPE)
    assert process.stdout.readline() == b"ready\n"
    child = os.fork()
    if child == 0:
        os.close(end)
        os.read(ended, 1)
        os._exit(0)
    process.stdin.write(b"x")
    process.stdin.close()
    print(process.stdout.read().decode(), end="")
os.close(end)
os.waitpid(child, 0)
