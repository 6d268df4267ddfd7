"""Connects to a full backlog for ever, while a thread has the socket block and not block."""

import ctypes
import fcntl
import os
import socket
import threading

PATH = b"full.sock"
server = socket.socket(socket.AF_UNIX)
server.bind(PATH)
server.listen(0)
first, client = (socket.socket(socket.AF_UNIX) for _ in range(2))
first.connect(PATH)
libc = ctypes.CDLL(None)
address = b"\x01\x00" + PATH + b"\0"


def toggle():
    while True:
        fcntl.fcntl(client, fcntl.F_SETFL, 0)


threading.Thread(target=toggle, daemon=True).start()
while True:
    fcntl.fcntl(client, fcntl.F_SETFL, os.O_NONBLOCK)
    libc.connect(client.fileno(), address, len(address))
