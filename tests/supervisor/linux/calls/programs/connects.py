"""Connects in every way that a lane may answer, each more than once, and says what came of it."""

import errno
import os
import socket
import struct
import sys

ANOTHERS = int(sys.argv[2])
"""A port that somebody outside listens on."""
STREAM, DATAGRAM = socket.SOCK_STREAM, socket.SOCK_DGRAM
NO_LINGER = struct.pack("ii", 1, 0)


def address(family, host, port, length=None):
    """A struct sockaddr of that family, cut or filled up."""
    head = struct.pack("=H", family) + struct.pack("!H", port)
    if family == socket.AF_INET:
        made = head + socket.inet_pton(family, host) + bytes(8)
    else:
        made = head + bytes(4) + socket.inet_pton(socket.AF_INET6, host) + bytes(4)
    return made if length is None else (made + bytes(length))[:length]


def connect(number, data):
    """connect(2) as it is: Python would make the address itself."""
    buffer = ctypes.create_string_buffer(data, len(data))
    ctypes.set_errno(0)
    result = libc.connect(number, buffer, len(data))
    return errno.errorcode[ctypes.get_errno()] if result else "connected"


def state(sock):
    """Whether it is as connected as it was told to be, and still as it was."""
    try:
        peer = sock.getpeername()[0]
    except OSError as error:
        peer = errno.errorcode[error.errno]
    return f"{peer} blocks {os.get_blocking(sock.fileno())}"


import ctypes  # noqa: E402 (the sandbox's first calls are those of the imports)

libc = ctypes.CDLL(None, use_errno=True)
servers = {
    socket.AF_INET: socket.create_server(("127.0.0.1", 0), backlog=64),
    socket.AF_INET6: socket.create_server(("::1", 0), backlog=64, family=socket.AF_INET6),
}
full = socket.create_server(("127.0.0.1", 0), backlog=0)
PORTS = {family: server.getsockname()[1] for family, server in servers.items()}
with socket.create_server(("127.0.0.1", 0)) as closed:
    NOBODYS = closed.getsockname()[1]
V4, V6 = socket.AF_INET, socket.AF_INET6
CASES = {
    "plain": (V4, address(V4, "127.0.0.1", PORTS[V4])),
    "another loopback": (V4, address(V4, "127.0.0.7", PORTS[V4])),
    "every": (V4, address(V4, "0.0.0.0", PORTS[V4])),
    "longer": (V4, address(V4, "127.0.0.1", PORTS[V4], 100)),
    "cut": (V4, address(V4, "127.0.0.1", PORTS[V4], 15)),
    "short": (V4, b"\x02"),
    "empty": (V4, b""),
    "too long": (V4, address(V4, "127.0.0.1", PORTS[V4], 200)),
    "refused": (V4, address(V4, "127.0.0.1", NOBODYS)),
    "another's": (V4, address(V4, "127.0.0.1", ANOTHERS)),
    "name server": (V4, address(V4, "127.0.0.1", 53)),
    "mapped name server": (V6, address(V6, "::ffff:127.0.0.1", 53)),
    "another name server": (V4, address(V4, "127.0.0.2", 53)),
    "metadata": (V4, address(V4, "169.254.169.254", 80)),
    "six": (V6, address(V6, "::1", PORTS[V6])),
    "six cut": (V6, address(V6, "::1", PORTS[V6], 24)),
    "mapped": (V6, address(V6, "::ffff:127.0.0.1", PORTS[V4])),
    "mapped metadata": (V6, address(V6, "::ffff:169.254.169.254", 80)),
    "four for six": (V6, address(V4, "127.0.0.1", PORTS[V4])),
    "six for four": (V4, address(V6, "::1", PORTS[V6])),
    "nothing": (V4, struct.pack("=H", socket.AF_UNSPEC) + bytes(14)),
    "unix for four": (V4, struct.pack("=H", socket.AF_UNIX) + b"/nowhere\0" + bytes(16)),
    "unix": (socket.AF_UNIX, address(V4, "127.0.0.1", PORTS[V4])),
}
kinds = [STREAM, DATAGRAM]
for name, (family, data) in CASES.items():
    for kind in kinds:
        for blocks in (True, False):
            for _ in range(3):
                with socket.socket(family, kind) as sock:
                    sock.setblocking(blocks)
                    if kind == STREAM and family in servers:
                        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
                    said = connect(sock.fileno(), data), state(sock)
                    again = connect(sock.fileno(), data)
                    print(name, kind, blocks, *said, "again", again, state(sock), sep="\t")
                for server in servers.values():
                    server.setblocking(False)
                    try:
                        while True:
                            server.accept()[0].close()
                    except BlockingIOError:
                        pass
plain = CASES["plain"][1]
for number in (-1, 999, 0):
    print("descriptor", number, connect(number, plain), connect(number, plain), sep="\t")
held = os.open("/usr", os.O_PATH)
print("a path", connect(held, plain))
where = address(V4, "127.0.0.1", full.getsockname()[1])
queued = [socket.socket() for _ in range(4)]
for sock in queued[:2]:
    sock.settimeout(30)
    print("queue", connect(sock.fileno(), where))
for sock in queued[2:]:  # there is no room: it takes as long as the socket says
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("@ll", 0, 100_000))
    print("full", connect(sock.fileno(), where), state(sock), sep="\t")
# The same port is its own, then nobody's, then somebody else's of its own again, and shared.
port = PORTS[V4]
for server in (None, None, "again", "reused", "both"):
    if server is None:
        servers[V4].close()
    else:
        servers[V4] = socket.socket()
        servers[V4].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, server != "again")
        servers[V4].bind(("127.0.0.1", port))
        servers[V4].listen(64)
    if server == "both":
        beside = socket.socket()
        beside.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        beside.bind(("127.0.0.1", port))
        beside.listen(64)
    for _ in range(4):
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
            print("later", server, connect(sock.fileno(), plain), state(sock), sep="\t")
    if server in ("again", "reused"):
        servers[V4].close()
