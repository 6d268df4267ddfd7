"""Talk to servers outside: unix sockets of others, and addresses that hand out credentials.

Arguments: a directory to write in, a directory that may only be read, a name for what is made
in /tmp and for abstract sockets.
"""

import os
import socket
import zlib
from collections.abc import Callable, Iterator

from .attempt import arguments, attempt
from .outside import Outside

METADATA_4 = ("169.254.169.254", "169.254.169.253", "100.100.100.200", "168.63.129.16")
METADATA_6 = (
    *(f"::ffff:{address}" for address in METADATA_4),
    *(f"::{address}" for address in METADATA_4),
    *(f"64:ff9b::{address}" for address in METADATA_4),
    "2002:a9fe:a9fe::1",
    "fd00:ec2::254",
    "fe80::a9fe:a9fe",
)

Made = tuple[str, Callable[[], object]]


def talk(path: str | bytes, kind: int = socket.SOCK_STREAM, blocking: bool = True) -> object:
    """Connect to a unix socket and say what it sends."""
    with socket.socket(socket.AF_UNIX, kind) as sock:
        sock.setblocking(blocking)
        sock.connect(path)
        sock.setblocking(True)
        return sock.recv(4096)


def bind(path: str | bytes) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(path)
    return sock


def spellings(path: str, work: str, tag: str) -> Iterator[Made]:
    yield "connect", lambda: talk(path)
    yield "without waiting", lambda: talk(path, blocking=False)
    yield "SEQPACKET", lambda: talk(path, socket.SOCK_SEQPACKET)
    yield "relative", lambda: talk(os.path.relpath(path))
    yield "/proc/self/root", lambda: talk(f"/proc/self/root{path}"[:107])
    yield "handle", lambda: talk(f"/proc/self/fd/{os.open(path, os.O_PATH)}")
    name = f"{zlib.crc32(path.encode()):x}"
    os.symlink(path, f"{work}/{name}")
    yield "symbolic link", lambda: talk(name)
    for hard in (f"{work}/{name}-hard", f"/tmp/{tag}-{name}"):
        yield f"hard link {hard}", lambda h=hard: (os.link(path, h), talk(h))[1]


def in_the_workspace(outside: Outside, work: str, tag: str) -> Iterator[Made]:
    """A server's socket that may be moved, to where a socket of ours was."""
    path = f"{work}/server"
    outside.listen(path)
    yield from spellings(path, work, tag)
    for name in (f"{work}/moved", f"{os.environ['TMPDIR']}/moved"):
        bind(name).close()
        os.unlink(name)
        os.rename(path, name)
        yield f"moved to {os.path.dirname(name)}", lambda n=name: talk(n)
        os.rename(name, path)
    os.makedirs(f"{work}/ours")
    bind("ours/server").close()
    os.unlink("ours/server")
    os.rename(path, "ours/server")
    yield "in a directory of ours", lambda: talk("ours/server")


def taken_over(outside: Outside, work: str, tag: str) -> Iterator[Made]:
    """A name that was ours and is another's now."""
    for path in (f"{work}/taken", f"/tmp/{tag}-taken"):
        ours = bind(path)
        ours.listen()
        ours.close()
        os.unlink(path)
        outside.listen(path)
        yield path, lambda p=path: talk(p)
    name = f"{tag}-taken"
    bind(b"\0" + name.encode()).close()
    outside.listen(f"@{name}")
    yield "abstract", lambda: talk(b"\0" + name.encode())


def elsewhere(outside: Outside, work: str, readable: str, tag: str) -> Iterator[Made]:
    os.mkdir(f"/tmp/{tag}-ours")
    for path in (f"{readable}/server", f"/tmp/{tag}-server", f"/tmp/{tag}-ours/server"):
        if not os.path.exists(path):
            outside.listen(path)
        yield from ((f"{path}: {label}", made) for label, made in spellings(path, work, tag))
    outside.listen(f"@{tag}")
    yield "abstract", lambda: talk(b"\0" + tag.encode())
    for path in (f"{readable}/new", f"../{os.path.basename(readable)}/new", "/proc/self/new"):
        yield f"bind {path}", lambda p=path: bind(p)


def metadata() -> Iterator[Made]:
    """Whatever the socket, and however the address is written."""
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        for address in METADATA_4:
            yield f"{kind} {address}", lambda a=address, k=kind: reach(socket.AF_INET, k, a)
        for address in METADATA_6:
            yield f"{kind} {address}", lambda a=address, k=kind: reach(socket.AF_INET6, k, a)


def reach(family: int, kind: int, address: str) -> object:
    with socket.socket(family, kind) as sock:
        sock.setblocking(False)
        sock.connect((address, 80))
        return sock.getpeername()


def own() -> Iterator[Made]:
    """What must work: sockets of ours."""
    for name in ("own", b"\0own", f"{os.environ['TMPDIR']}/own"):
        with bind(name) as server:
            server.listen()
            yield repr(name), lambda n=name: talk_to_us(n, server)


def talk_to_us(name: str | bytes, server: socket.socket) -> object:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(name)
        server.accept()[0].send(b"hello")
        return sock.recv(16)


def main() -> None:
    work, readable, tag = arguments()
    os.chdir(work)
    outside = Outside(work)
    for title, attacks in (
        ("workspace", in_the_workspace(outside, work, tag)),
        ("taken over", taken_over(outside, work, tag)),
        ("elsewhere", elsewhere(outside, work, readable, tag)),
        ("metadata", metadata()),
        ("own", own()),
    ):
        for number, (label, attack) in enumerate(attacks):
            attempt(f"{title} {number}: {label}", attack)
    print("talked", outside.talked(), sep="\t")


if __name__ == "__main__":
    main()
