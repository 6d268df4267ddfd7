"""Eighty processes connect to a server of their own, once each: how many it sees, and how many it
sees go without a word."""

import os
import socket
import threading

server = socket.create_server(("127.0.0.1", 0), backlog=100)
seen: list[bool] = []


def accept() -> None:
    while True:
        connection, _ = server.accept()
        try:
            seen.append(connection.recv(1) == b"x")
        except OSError:
            seen.append(False)
        connection.close()


threading.Thread(target=accept, daemon=True).start()
for _ in range(80):
    pid = os.fork()
    if pid == 0:
        with socket.create_connection(server.getsockname()) as own:
            own.send(b"x")
            own.recv(1)
        os._exit(0)
    os.waitpid(pid, 0)
print(len(seen), sum(seen))
