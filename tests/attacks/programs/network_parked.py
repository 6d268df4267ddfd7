"""Connections by name while they are on their way, and whoever would like to be their other end.

Arguments: `wait`, a name and its port, the address and port of a denied server; or `leave`, names
that are not there; or `take`, an address to tell that all is ready, and two lists of ports: the
ones that listen on loopback, and the ones that connections are made from.
"""

import ctypes
import errno
import json
import os
import select
import socket
import struct
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from .attempt import arguments, attempt

SECONDS = 30
UNSPECIFIED = bytes(16)
_libc = ctypes.CDLL(None, use_errno=True)


def start(host: str, port: int) -> socket.socket:
    sock = socket.socket()
    sock.setblocking(False)
    assert sock.connect_ex((socket.gethostbyname(host), port)) == errno.EINPROGRESS
    return sock


def disconnect(sock: socket.socket) -> None:
    _libc.connect(sock.fileno(), UNSPECIFIED, len(UNSPECIFIED))


def outcome(sock: socket.socket) -> object:
    """What becomes of an attempt: what the other end says."""
    with sock:
        poll = select.poll()
        poll.register(sock, select.POLLOUT)
        poll.poll(SECONDS * 1000)
        if error := sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(error, os.strerror(error))
        sock.settimeout(SECONDS)
        return sock.recv(100)


def wait(host: str, number: str, denied: str, other: str) -> None:
    """All begin before anybody knows where the name leads."""
    port, where = int(number), (denied, int(other))
    begun = [start(host, port) for _ in range(8)]
    disconnect(begun[1])
    attempt("another instead", lambda: begun[1].connect(where))
    disconnect(begun[2])
    begun[2].connect_ex((socket.gethostbyname(host), port))
    attempt("another at once", lambda: begun[3].connect(where))
    same = socket.socket(fileno=os.dup(begun[4].fileno()))
    attempt("another by a copy", lambda: same.connect(where))
    begun[5].shutdown(socket.SHUT_RDWR)
    begun[6].close()
    blocking = socket.socket()
    blocking.settimeout(None)
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(blocking.connect, (socket.gethostbyname(host), port))
        attempt("another meanwhile", lambda: blocking.dup().connect(where))
        attempt("own: waiting", lambda: (waiting.result(), blocking.recv(100))[1])
    for place in (0, 2, 3, 4, 7):
        attempt(f"own: {place}", lambda p=place: outcome(begun[p]))
    for place in (1, 5):
        attempt(f"left: {place}", lambda p=place: outcome(begun[p]))


def leave(*hosts: str) -> None:
    """Nobody can tell the socket that its host is not there: it is not where it was, or not the same."""
    attacks = (moved, by_a_thread, given_up, given_up_and_moved)
    with ThreadPoolExecutor() as threads:
        running = [
            threads.submit(attack, host) for attack, host in zip(attacks, hosts, strict=True)
        ]
        for attack, each in zip(attacks, running, strict=True):
            attempt(attack.__name__, each.result)


def moved(host: str) -> object:
    sock = start(host, 443)
    same = socket.socket(fileno=os.dup(sock.fileno()))
    sock.close()
    return outcome(same)


def by_a_thread(host: str) -> object:
    made: list[socket.socket] = []
    thread = threading.Thread(target=lambda: made.append(start(host, 443)))
    thread.start()
    thread.join()
    return outcome(made[0])


def given_up(
    host: str, after: Callable[[socket.socket], socket.socket] = lambda sock: sock
) -> object:
    """Disconnected while another thread waits for it, which would go on with a new attempt."""
    sock, address = socket.socket(), (socket.gethostbyname(host), 443)
    results: list[int] = []
    thread = threading.Thread(target=lambda: results.append(sock.connect_ex(address)))
    thread.start()
    while not sock.getsockname()[1]:
        pass
    disconnect(sock)
    same = after(sock)
    thread.join()
    if results == [0]:
        return same.recv(100)
    return outcome(same)


def given_up_and_moved(host: str) -> object:
    return given_up(host, lambda sock: sock.dup())


def take(ready: str, listening: str, sources: str) -> None:
    """Another sandbox of the same user, which knows every port."""
    servers: list[socket.socket] = []
    for port in json.loads(listening):
        for host in ("127.0.0.1", "0.0.0.0", "::ffff:127.0.0.1"):
            attempt(f"connect {host} {port}", lambda h=host, p=port: reach(h, p))
        for share in (0, socket.SO_REUSEADDR, socket.SO_REUSEPORT):
            attempt(f"listen {port} {share}", lambda p=port, s=share: server(p, s))
            servers += near(port - 1, share) + near(port + 1, share)
    for source in json.loads(sources):
        attempt(f"connect to the source {source}", lambda s=source: reach("127.0.0.1", s))
        servers += near(source, socket.SO_REUSEPORT)  # of an attempt that was given up meanwhile
        for port in json.loads(listening):
            attempt(f"from {port} to {source}", lambda s=source, p=port: reach("127.0.0.1", s, p))
    host, _, number = ready.partition(":")
    with socket.create_connection((host, int(number))) as other:
        other.recv(1)  # its end: the connections of the other sandbox are through
    found = select.select(servers, [], [], 0)[0]
    print("met", len(found), sep="\t")
    print("near", len(servers), sep="\t")


def reach(host: str, port: int, source: int = 0) -> object:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as sock:
        if source:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            sock.bind(("127.0.0.1", source))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("@ll", 1, 0))
        sock.connect((host, port))
        return sock.getpeername()


def server(port: int, share: int) -> socket.socket:
    made = socket.socket()
    try:
        if share:
            made.setsockopt(socket.SOL_SOCKET, share, 1)
        made.bind(("127.0.0.1", port))
        made.listen()
    except BaseException:
        made.close()
        raise
    return made


def near(port: int, share: int) -> list[socket.socket]:
    """A server where nobody is, for whoever comes by mistake."""
    try:
        return [server(port, share)]
    except OSError:
        return []


def main() -> None:
    what, *words = arguments()
    parts: dict[str, Callable[..., None]] = {"wait": wait, "leave": leave, "take": take}
    parts[what](*words)


if __name__ == "__main__":
    main()
