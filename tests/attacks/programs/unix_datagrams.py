"""Send a datagram to a unix socket outside, by every way that there is.

Arguments: the path of the socket, its abstract name, how long to race.
"""

import array
import contextlib
import ctypes
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator

from .attempt import arguments, attempt, call

UNIX, DGRAM = socket.AF_UNIX, socket.SOCK_DGRAM
UNSPECIFIED = bytes(16)
MESSAGE = b"from inside"


def raw_address(name: bytes) -> bytes:
    return struct.pack("=H", UNIX) + name


def by_sendmmsg(sock: socket.socket, name: bytes) -> int:
    text, address = ctypes.create_string_buffer(MESSAGE), ctypes.create_string_buffer(name)
    part = struct.pack("@PN", ctypes.addressof(text), len(MESSAGE))
    vector = ctypes.create_string_buffer(part)
    header = struct.pack(
        "@PIxxxxPNPNi", ctypes.addressof(address), len(name), ctypes.addressof(vector), 1, 0, 0, 0
    )
    both = ctypes.create_string_buffer(header + bytes(64))
    return call("sendmmsg", sock.fileno(), both, 1, 0)


def with_rights(sock: socket.socket, name: str | bytes) -> int:
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0]))]
    return sock.sendmsg([MESSAGE], rights, 0, name)


def spliced(sock: socket.socket) -> int:
    reading, writing = os.pipe()
    os.write(writing, MESSAGE)
    return os.splice(reading, sock.fileno(), len(MESSAGE))


def connected(sock: socket.socket, name: str | bytes) -> int:
    sock.connect(name)
    return sock.send(MESSAGE)


def ways(sock: socket.socket, name: str | bytes) -> Iterator[tuple[str, Callable[[], object]]]:
    """Every call that sends, on a socket of whatever kind."""
    raw = raw_address(os.fsencode(name))
    yield "sendto", lambda: sock.sendto(MESSAGE, name)
    yield "sendto nothing", lambda: sock.sendto(b"", name)
    yield (
        "sendto, odd length",
        lambda: call("sendto", sock.fileno(), MESSAGE, 11, 0, raw, len(raw) | 1 << 32),
    )
    yield "sendmsg", lambda: sock.sendmsg([MESSAGE], [], 0, name)
    yield "sendmsg with rights", lambda: with_rights(sock, name)
    yield "sendmmsg", lambda: by_sendmmsg(sock, raw)
    yield "connect", lambda: connected(sock, name)
    yield "write", lambda: os.write(sock.fileno(), MESSAGE)
    yield "splice", lambda: spliced(sock)
    yield "disconnected", lambda: call("connect", sock.fileno(), UNSPECIFIED, 16)
    yield "sendto after that", lambda: sock.sendto(MESSAGE, name)


def handed_over(sock: socket.socket) -> socket.socket:
    one, other = socket.socketpair()
    socket.send_fds(one, [b"x"], [sock.fileno()])
    return socket.socket(fileno=socket.recv_fds(other, 1, 1)[1][0])


def shut(sock: socket.socket) -> socket.socket:
    """Whatever may make it forget that it is shut for sending."""
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RD)
    with contextlib.suppress(OSError):
        sock.listen()
    for option in (socket.SO_KEEPALIVE, socket.SO_PASSCRED, socket.SO_BROADCAST, socket.SO_SNDBUF):
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, option, 1 << 20)
    return sock


def sockets() -> Iterator[tuple[str, socket.socket]]:
    def made(path: str | bytes | None = None) -> socket.socket:
        sock = socket.socket(UNIX, DGRAM)
        if path is not None:
            sock.bind(path)
        return sock

    own = made("own")
    yield "fresh", made()
    yield "bound", made("bound")
    yield "abstract", made(b"\0nono attack %d" % os.getpid())
    yield "autobound", made(b"")
    yield "handed over", handed_over(made())
    yield "shut", shut(made())
    yield "copy", made().dup()
    relayed = made()
    relayed.connect("own")
    yield "connected", relayed
    yield "handed over, connected", handed_over(relayed)
    copied = made()
    before = copied.dup()
    copied.connect("own")
    yield "copied before it was connected", before
    yield "pair", socket.socketpair(UNIX, DGRAM)[0]
    with contextlib.suppress(OSError):
        yield "another type", socket.socket(UNIX, socket.SOCK_RAW)
    yield "itself", own


def race(path: str, seconds: float) -> None:
    """Another thread changes the address, the file behind the name, and the descriptor."""
    outside, inside = raw_address(os.fsencode(path)), raw_address(b"target")
    buffer = ctypes.create_string_buffer(max(len(outside), len(inside)) + 1)
    socket.socket(UNIX, DGRAM).bind("target")
    receiver = socket.socket(UNIX, DGRAM)
    receiver.bind("first")
    os.symlink(path, "link"), os.symlink("first", "good")
    over = threading.Event()

    def flip() -> None:
        spare = socket.socket(UNIX, DGRAM)
        pair = socket.socketpair(UNIX, DGRAM)
        pair[0].setblocking(False)  # nobody reads what is written there
        while not over.is_set():
            for text in (outside, inside):
                ctypes.memmove(buffer, text.ljust(len(buffer), b"\0"), len(buffer))
                for one, other in (
                    ("good", "spare"),
                    ("link", "good"),
                    ("good", "link"),
                    ("spare", "good"),
                ):
                    with contextlib.suppress(OSError):
                        os.rename(one, other)
                with contextlib.suppress(OSError):
                    os.symlink(path, "link")
                os.dup2(spare.fileno(), number)
                os.dup2(pair[0].fileno(), number)

    number = os.dup(0)
    thread = threading.Thread(target=flip)
    thread.start()
    until = time.monotonic() + seconds
    size = len(buffer) - 1
    while time.monotonic() < until:
        for which in (number, receiver.fileno()):
            for words in (
                ("sendto", which, MESSAGE, 11, 64, buffer, size),
                ("connect", which, buffer, size),
            ):
                with contextlib.suppress(OSError):
                    call(*words)
            with contextlib.suppress(OSError):
                os.write(which, MESSAGE)
        with socket.socket(UNIX, DGRAM) as fresh, contextlib.suppress(OSError):
            fresh.setblocking(False)
            fresh.sendto(MESSAGE, "good")
        with contextlib.suppress(OSError):
            receiver.recv(99, socket.MSG_DONTWAIT)
    over.set()
    thread.join()


def main() -> None:
    path, abstract, seconds = arguments()
    for target in (path, b"\0" + abstract.encode(), f"/proc/self/root{path}"):
        for kind, sock in sockets():
            sock.setblocking(False)
            for way, attack in ways(sock, target):
                attempt(f"{kind}: {way} {target!r}", attack)
        for name in ("own", "bound"):
            os.unlink(name)
    race(path, float(seconds))


if __name__ == "__main__":
    main()
