"""Look up the same host from many threads, and by a socket that does not block."""

import select
import socket
import struct
import threading

found = []


def look_up():
    for _ in range(20):
        found.append(socket.getaddrinfo("api.example", 443, socket.AF_INET)[0][4][0])


threads = [threading.Thread(target=look_up) for _ in range(10)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(found), set(found))

question = struct.pack("!6H", 7, 0x100, 1, 0, 0, 0) + b"\3api\7example\0" + struct.pack("!2H", 1, 1)
answers = set()
for _ in range(20):
    with socket.socket() as client:
        client.setblocking(False)
        client.connect_ex(("127.0.0.1", 53))
        select.select([], [client], [], 30)
        client.settimeout(30)
        client.sendall(struct.pack("!H", len(question)) + question)
        answers.add(socket.inet_ntoa(client.recv(512)[-4:]))
print(answers)
