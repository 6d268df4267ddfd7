"""Many that ask the name server at once, and one that asks much before it reads."""

import socket
import struct
import threading

CLIENTS = 600
QUESTIONS = 64_000
NAME = b"\50" + b"x" * 40 + b"\50" + b"y" * 40 + b"\7example\0"
ADDRESS, ANYTHING = 1, 255


def question(kind: int, number: int) -> bytes:
    head = struct.pack("!6H", number, 0x100, 1, 0, 0, 0)
    whole = head + NAME + struct.pack("!2H", kind, 1)
    return struct.pack("!H", len(whole)) + whole


def connected(room: int | None = None) -> socket.socket:
    sock = socket.socket()
    if room is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    sock.connect(("127.0.0.1", 53))
    sock.settimeout(60)
    return sock


def number_of_reply(file) -> int:
    """Which question was answered; -1 at the end."""
    size = file.read(2)
    if len(size) < 2:
        return -1
    return int.from_bytes(file.read(int.from_bytes(size, "big"))[:2], "big")


def crowd() -> int:
    """How many are answered of those who ask what the lane leaves."""
    clients = []
    for number in range(CLIENTS):
        clients.append(connected())
        clients[-1].sendall(question(ANYTHING, number))
    answered = 0
    for number, client in enumerate(clients):
        with client, client.makefile("rb") as file:
            answered += number_of_reply(file) == number
    return answered


def much_before_reading() -> int:
    """How many are answered of those whose replies nobody reads until all the room is used."""
    questions = b"".join(question(ADDRESS, number) for number in range(QUESTIONS))
    with connected(4096) as sock:
        sock.settimeout(2)
        sent = 0
        try:
            while sent < len(questions):
                sent += sock.send(questions[sent : sent + 65536])
        except TimeoutError:
            pass
        sock.settimeout(60)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        sending = threading.Thread(target=sock.sendall, args=[questions[sent:]])
        sending.start()
        with sock.makefile("rb") as file:
            numbers = range(QUESTIONS)
            found = sum(number_of_reply(file) == number for number in numbers)
        sending.join()
    return found


print(crowd(), much_before_reading())
