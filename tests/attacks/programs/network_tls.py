"""Say another name in TLS than the one that was connected to, or hide it.

Arguments: the name of a host that may be connected to at port 443; a name that may not.
"""

import os
import socket
from collections.abc import Iterable, Iterator

from .attempt import arguments, attempt

SECONDS = 10
SERVER_NAME, ENCRYPTED, PADDING = 0, 0xFE0D, 21


def vector(size: int, data: bytes) -> bytes:
    return len(data).to_bytes(size, "big") + data


def extension(kind: int, data: bytes) -> bytes:
    return kind.to_bytes(2, "big") + vector(2, data)


def named(*names: bytes, kind: int = 0) -> bytes:
    """The server_name extension: RFC 6066 section 3."""
    return extension(SERVER_NAME, vector(2, b"".join(bytes([kind]) + vector(2, n) for n in names)))


def hello(
    *extensions: bytes, version: bytes = b"\3\3", rest: bytes = b"", old: bool = False
) -> bytes:
    """A ClientHello: RFC 8446 section 4.1.2; an old one has no list of extensions at all."""
    body = version + os.urandom(32) + vector(1, os.urandom(32)) + vector(2, b"\x13\1\xc0\x2f")
    body += vector(1, b"\0") + (b"" if old else vector(2, b"".join(extensions))) + rest
    return b"\1" + vector(3, body)


def record(data: bytes, kind: int = 22) -> bytes:
    return bytes([kind]) + b"\3\1" + vector(2, data)


def talk(
    host: str, pieces: Iterable[bytes], *, family: int = socket.AF_INET, shut: bool = False
) -> object:
    """Send and say what comes back; an end without anything is a refusal."""
    with socket.socket(family) as sock:
        sock.settimeout(SECONDS)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        address = socket.gethostbyname(host)
        sock.connect((f"::ffff:{address}" if family == socket.AF_INET6 else address, 443))
        for piece in pieces:
            sock.sendall(piece)
        if shut:
            sock.shutdown(socket.SHUT_WR)
        found = sock.recv(100)
        if not found:
            raise ConnectionResetError(104, "ended")
        return found


def allowed(host: str) -> Iterator[tuple[str, Iterable[bytes]]]:
    name = host.encode()
    plain = record(hello(named(name)))
    yield "plain", [plain]
    yield "upper case", [record(hello(named(name.upper())))]
    yield (
        "among others",
        [record(hello(extension(10, b"\0\2\0\x1d"), named(name), extension(PADDING, bytes(300))))],
    )
    yield "in pieces", [bytes([byte]) for byte in plain]
    inner = hello(named(name))
    yield "in records", [b"".join(record(bytes([byte])) for byte in inner)]
    yield "early data", [plain + record(b"early", 23)]


def refused(host: str, other: str) -> Iterator[tuple[str, Iterable[bytes]]]:
    name, wrong = host.encode(), other.encode()
    for label, spelled in (
        ("other", wrong),
        *(("below", b"www." + name), ("above", name.partition(b".")[2]), ("longer", b"x" + name)),
        *(("NUL", name + b"\0"), ("NUL and more", name + b"\0." + wrong), ("blank", name + b" ")),
        *(
            ("address", b"127.0.0.1"),
            ("empty", b""),
            ("long", b"a" * 255),
            ("port", name + b":443"),
        ),
    ):
        yield label, [record(hello(named(spelled)))]
    yield "none", [record(hello())]
    yield "no extensions", [record(hello(old=True))]
    yield "two names", [record(hello(named(name, wrong)))]
    yield "two names, other first", [record(hello(named(wrong, name)))]
    yield "two extensions", [record(hello(named(name), named(wrong)))]
    yield "two extensions, other first", [record(hello(named(wrong), named(name)))]
    yield "in another extension", [record(hello(extension(PADDING, named(name)), named(wrong)))]
    yield "another type of name", [record(hello(named(name, kind=1)))]
    yield "encrypted", [record(hello(named(name), extension(ENCRYPTED, os.urandom(200))))]
    yield "encrypted, nothing", [record(hello(named(name), extension(ENCRYPTED, b"")))]
    yield "after the end", [record(hello(named(wrong), rest=named(name)))]
    yield "two hellos", [record(hello(named(name)) + hello(named(wrong)))]
    yield "in pieces", [bytes([byte]) for byte in record(hello(named(wrong)))]
    yield "in records", [b"".join(record(bytes([byte])) for byte in hello(named(wrong)))]
    yield "an empty record", [record(b"") + record(hello(named(name)))]
    yield "an alert first", [record(b"\1\0", 21) + record(hello(named(name)))]
    yield "data first", [record(b"GET / HTTP/1.1\r\n", 23)]
    yield "another message", [record(b"\2" + hello(named(name))[1:])]
    yield "an old hello", [b"\x80\x2e\1\3\1" + bytes(43)]
    yield "an unknown version", [record(hello(named(name), version=b"\3\4"))]
    yield "too long", [record(b"\1\1\0\1" + bytes(1000))]
    for text in (
        b"GET / HTTP/1.1\r\nHost: %s\r\n\r\n",
        b"SSH-2.0-x\r\n",
        b"\0",
        b"CONNECT %s:443 HTTP/1.1\r\n\r\n",
    ):
        yield f"plain {text[:8]!r}", [text.replace(b"%s", name)]


def main() -> None:
    host, other = arguments()
    for label, pieces in allowed(host):
        for family in (socket.AF_INET, socket.AF_INET6):
            attempt(f"own: {label} {family}", lambda p=pieces, f=family: talk(host, p, family=f))
    for label, pieces in refused(host, other):
        attempt(label, lambda p=pieces: talk(host, p))
    whole = record(hello(named(host.encode())))
    for size in (0, 1, 4, 5, 6, 50, len(whole) - 1):
        attempt(f"{size} bytes and the end", lambda n=size: talk(host, [whole[:n]], shut=True))


if __name__ == "__main__":
    main()
