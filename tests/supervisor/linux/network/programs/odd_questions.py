"""Ask the name server in every way that DNS over TCP has, and in some that it has not."""

import socket
import struct
import time

OPT = b"\0\0\x29\x10\0\0\0\x80\0\0\0"
LOOP = b"\xc0\x0c"


def message(name: bytes, kind: int = 1, more: bytes = b"", number: int = 7, flags: int = 0x100) -> bytes:
    labels = b"".join(bytes([len(each)]) + each for each in name.split(b".") if each)
    head = struct.pack("!6H", number, flags, 1, 0, 0, int(bool(more)))
    return head + labels + (b"" if LOOP in name else b"\0") + struct.pack("!2H", kind, 1) + more


def framed(*messages: bytes) -> bytes:
    return b"".join(struct.pack("!H", len(each)) + each for each in messages)


def connected() -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", 53))
    sock.settimeout(60)
    return sock


def exactly(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (more := sock.recv(size - len(data))):
        data += more
    return data


def replies(sock: socket.socket, count: int) -> list[str]:
    """As many as are wanted, or those until the end; an end by a reset is one as well."""
    found = []
    try:
        while len(found) < count and len(size := exactly(sock, 2)) == 2:
            found.append(exactly(sock, *struct.unpack("!H", size)).hex())
    except ConnectionError:
        pass
    return found


def asked(data: bytes, count: int, piece: int = 1 << 20, pause: float = 0) -> list[str]:
    with connected() as sock:
        for at in range(0, len(data), piece):
            sock.sendall(data[at : at + piece])
            time.sleep(pause)
        return replies(sock, count)


A, AAAA = message(b"api.example"), message(b"api.example", 28, number=8)
for _ in range(3):  # first it is told, then known
    print("both", asked(framed(A, AAAA), 2))
print("by bytes", asked(framed(A, AAAA), 2, piece=1, pause=0.001))
print("EDNS", asked(framed(message(b"API.example", more=OPT)), 1))
print("pipelined", len(set(asked(framed(A, AAAA) * 200, 400))))
mixed = framed(A, message(b"localhost"), A, message(b"api.example", 16), AAAA)
print("mixed", asked(mixed, 5), asked(mixed, 5))
print("names", [asked(framed(message(b"h%d.example" % i)), 1)[0][-8:] for i in range(100)][::33])
print("loop", asked(framed(message(LOOP), A), 2))
print("long", asked(framed(message(b"api.example", more=OPT[:-2] + b"\2\0" + bytes(512))), 1))
print("other classes and flags", asked(framed(message(b"api.example", flags=0x2900), A), 2))
print("a response", asked(framed(message(b"api.example", flags=0x8100), A), 2))
print("nothing in it", asked(framed(b"", A), 2))
print("no number", asked(framed(b"x", A), 2))
print("giant", asked(struct.pack("!H", 60000) + bytes(60000), 1))

silent = [connected() for _ in range(40)]
print("beside the silent", asked(framed(A), 1))
for sock in silent:
    sock.sendall(framed(A)[:5])
print("beside the slow", asked(framed(A), 1))
for sock in silent:
    sock.sendall(framed(A)[5:])
print("the slow", {replies(sock, 1)[0] for sock in silent})
for sock in silent[::2]:
    sock.close()
for sock in silent[1::2]:
    sock.shutdown(socket.SHUT_WR)
    assert sock.recv(1) == b""
    sock.close()

deaf = connected()
deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
deaf.settimeout(1)
try:
    for _ in range(600):
        deaf.sendall(framed(A, AAAA) * 50)
except OSError:
    pass
print("beside the deaf", asked(framed(A), 1))
