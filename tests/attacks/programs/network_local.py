"""Servers of this machine: ours, which must work, and others', which must not be reached.

Arguments: a directory to write in, a directory that may only be read, the name of the one unix
socket in it that may be connected to, a name for abstract sockets.
"""

import ctypes
import errno
import os
import select
import socket
import struct
from collections.abc import Callable, Iterator

from .attempt import arguments, attempt, call
from .connections import talk
from .outside import Outside

Made = tuple[str, Callable[[], object]]
UNSPECIFIED = bytes(16)
SECONDS = 10
_libc = ctypes.CDLL(None, use_errno=True)


def family_of(host: str) -> int:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def reach(host: str, port: int) -> object:
    """Connect and say what comes."""
    with socket.socket(family_of(host)) as sock:
        sock.settimeout(SECONDS)
        sock.connect((host, port))
        return sock.recv(100)


def server(host: str, port: int = 0, share: int = 0) -> socket.socket:
    made = socket.socket(family_of(host))
    if share:
        made.setsockopt(socket.SOL_SOCKET, share, 1)
    made.bind((host, port))
    made.listen(8)
    return made


def answered(made: socket.socket, host: str, port: int) -> object:
    """A whole conversation with a server of ours."""
    with made, socket.socket(family_of(host)) as sock:
        sock.connect((host, port))
        accepted, _ = made.accept()
        accepted.send(b"hello")
        return sock.recv(16)


def own() -> Iterator[Made]:
    for listening, host in (
        *(("127.0.0.1", "127.0.0.1"), ("127.0.0.1", "0.0.0.0"), ("127.0.0.9", "127.0.0.9")),
        *(("127.0.0.1", "::ffff:127.0.0.1"), ("::ffff:127.0.0.1", "127.0.0.1")),
        *(("::1", "::1"), ("::1", "::"), ("127.0.0.1", "::ffff:0.0.0.0")),
    ):
        made = server(listening)
        yield f"{listening} by {host}", lambda m=made, h=host: answered(m, h, m.getsockname()[1])
    yield "by a child", lambda: by_a_child()
    yield "of a child", lambda: of_a_child()
    yield "shared", lambda: shared()
    yield "moved", lambda: moved()


def by_a_child() -> object:
    with server("127.0.0.1") as made:
        child = os.fork()
        if child == 0:
            os._exit(reach("127.0.0.1", made.getsockname()[1]) != b"hello")
        accepted, _ = made.accept()
        accepted.send(b"hello")
        accepted.close()
        return os.waitpid(child, 0)[1] or "reached"


def of_a_child() -> object:
    with server("127.0.0.1") as probe:
        port = probe.getsockname()[1]
    ready, tell = os.pipe()
    child = os.fork()
    if child == 0:
        made = server("127.0.0.1", port)
        os.write(tell, b"x")
        made.accept()[0].send(b"hello")
        os._exit(0)
    os.read(ready, 1)
    said = reach("127.0.0.1", port)
    os.waitpid(child, 0)
    return said


def shared() -> object:
    """Two of our own on one port."""
    with server("127.0.0.1", share=socket.SO_REUSEPORT) as first:
        port = first.getsockname()[1]
        with server("127.0.0.1", port, socket.SO_REUSEPORT) as second, socket.socket() as sock:
            sock.connect(("127.0.0.1", port))
            readable, _, _ = select.select([first, second], [], [], SECONDS)
            return len(readable)


def moved() -> object:
    """A listening socket that goes by another descriptor, and to another process."""
    made = server("127.0.0.1")
    same = socket.socket(fileno=os.dup(made.fileno()))
    made.close()
    return answered(same, "127.0.0.1", same.getsockname()[1])


def wider() -> Iterator[Made]:
    """Places that others can reach, however they are written."""
    for host in ("0.0.0.0", "::", "::ffff:0.0.0.0", ""):
        for port in (0, 18484):  # which the system gives nobody by itself
            yield f"bind {host} {port}", lambda h=host, p=port: bound(h, p)
    for family in (0, 1, 10):
        address = struct.pack("=HH12x", family, 0)
        yield (
            f"bind family {family}",
            lambda a=address: call("bind", socket.socket().detach(), a, 16),
        )
    for length in (0, 1, 2, 8, 15):
        address = struct.pack("=HH12x", socket.AF_INET, 0)
        yield (
            f"bind {length} bytes",
            lambda a=address, n=length: call("bind", socket.socket().detach(), a, n),
        )
    for family in (socket.AF_INET, socket.AF_INET6):
        yield f"listen, not bound, {family}", lambda f=family: serving_others(socket.socket(f))
        yield f"listen, was connected, {family}", lambda f=family: was_connected(f)
        yield f"listen, is connected, {family}", lambda f=family: was_connected(f, UNSPECIFIED[:0])


def bound(host: str, port: int) -> object:
    with socket.socket(family_of(host)) as sock:
        sock.bind((host, port))
        return serving_others(sock)


def serving_others(sock: socket.socket) -> object:
    """Where it listens. A server that is tied to the loopback device serves nobody else."""
    sock.listen()
    if sock.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16).rstrip(b"\0") == b"lo":
        raise PermissionError(errno.EACCES, "tied to lo")
    return sock.getsockname()


def was_connected(family: int, disconnect: bytes = UNSPECIFIED) -> object:
    """A connection gives an address, which goes with it."""
    host = "127.0.0.1" if family == socket.AF_INET else "::1"
    with server(host) as made, socket.socket(family) as sock:
        sock.connect(made.getsockname()[:2])
        if disconnect:
            _libc.connect(sock.fileno(), disconnect, 16)
        return serving_others(sock)


def others(outside: Outside) -> Iterator[Made]:
    """A server of somebody else's, of the same user."""
    for host in ("127.0.0.1", "::1", "127.0.0.5"):
        port = outside.serve(host)
        yield f"{host}", lambda h=host, p=port: reach(h, p)
        if ":" not in host:
            yield f"{host} mapped", lambda h=host, p=port: reach(f"::ffff:{h}", p)
        for share in (0, socket.SO_REUSEPORT, socket.SO_REUSEADDR):
            yield f"{host}: take part by {share}", lambda h=host, p=port, s=share: server(h, p, s)


def sharing(outside: Outside) -> Iterator[Made]:
    """A server that would share its port with another one of its user."""
    for theirs, ours in (
        *(("127.0.0.1", "127.0.0.1"), ("127.0.0.1", "::ffff:127.0.0.1"), ("::1", "::1")),
        *(("0.0.0.0", "127.0.0.1"), ("::", "127.0.0.1"), ("::", "::1")),
    ):
        port = outside.serve(theirs, 0, True)
        for early in (True, False):
            # The option may be set before or after the address, and each is looked at.
            yield (
                f"{theirs} by {ours} {early}",
                lambda o=ours, p=port, e=early: take_part(outside, o, p, e),
            )


def take_part(outside: Outside, host: str, port: int, early: bool) -> object:
    with socket.socket(family_of(host)) as sock:
        if early:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind((host, port))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.listen(64)
        visitor = "::1" if host == "::1" else "127.0.0.1"
        return 20 - outside.visit(visitor, port, 20)


def taken_over(outside: Outside) -> Iterator[Made]:
    """A port that was ours, and is somebody else's now."""
    for host in ("127.0.0.1", "::1"):
        made = server(host)
        port = made.getsockname()[1]
        with socket.socket(family_of(host)) as sock, made:
            sock.connect((host, port))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("@ii", 1, 0))
        outside.serve(host, port)
        yield host, lambda h=host, p=port: reach(h, p)


def handed_over(outside: Outside, path: str) -> Iterator[Made]:
    """Sockets that were made outside, and come by the unix socket that we may connect to."""
    port = outside.serve("127.0.0.1")
    outside.hand_over(path)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(path)
        _, fds, _, _ = socket.recv_fds(sock, 1, 3)
    for name, fd in zip(("TCP", "MPTCP", "UDP"), fds, strict=True):
        target = struct.pack("=H2s4s8x", socket.AF_INET, port.to_bytes(2, "big"), b"\x7f\0\0\1")
        yield f"{name}: connect", lambda f=fd, t=target: call("connect", f, t, 16)
        everywhere = struct.pack("=HH12x", socket.AF_INET, 0)
        yield f"{name}: bind", lambda f=fd, a=everywhere: bound_as_given(f, a)
        yield f"{name}: listen", lambda f=fd: serving_others(socket.socket(fileno=os.dup(f)))


def bound_as_given(fd: int, address: bytes) -> object:
    call("bind", fd, address, 16)
    with socket.socket(fileno=os.dup(fd)) as sock:
        return serving_others(sock) if sock.proto == socket.IPPROTO_TCP else sock.getsockname()


def options() -> Iterator[Made]:
    """Ways around the routes, and groups."""
    group4 = socket.inet_aton("239.1.2.3") + socket.inet_aton("127.0.0.1")
    group6 = socket.inet_pton(socket.AF_INET6, "ff05::4321") + struct.pack("=I", 1)
    source_route = bytes((1, 131, 7, 4, 127, 0, 0, 1))
    for family in (socket.AF_INET, socket.AF_INET6):
        for name, level, option, value in (
            ("SO_BINDTODEVICE", socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo\0"),
            ("SO_BINDTODEVICE, none", socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b""),
            ("SO_BINDTOIFINDEX", socket.SOL_SOCKET, 62, struct.pack("=i", 1)),
            ("IP_OPTIONS", socket.IPPROTO_IP, socket.IP_OPTIONS, source_route),
            ("IP_ADD_MEMBERSHIP", socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group4),
            ("MCAST_JOIN_GROUP", socket.IPPROTO_IP, 42, bytes(136)),
            ("IPV6_JOIN_GROUP", socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group6),
            ("IPV6_JOIN_ANYCAST", socket.IPPROTO_IPV6, 27, group6),
            ("IPV6_RTHDR", socket.IPPROTO_IPV6, socket.IPV6_RTHDR, b""),
            ("IPV6_HOPOPTS", socket.IPPROTO_IPV6, socket.IPV6_HOPOPTS, b""),
            ("SO_MARK", socket.SOL_SOCKET, 36, struct.pack("=i", 1)),
            ("IP_TRANSPARENT", socket.IPPROTO_IP, 19, struct.pack("=i", 1)),
            ("TCP_REPAIR", socket.IPPROTO_TCP, 19, struct.pack("=i", 1)),
        ):
            for high in (0, 1 << 32):
                words = (level | high, option | high, value, len(value))
                yield (
                    f"{name} {family} {high:x}",
                    lambda f=family, w=words: call("setsockopt", socket.socket(f).detach(), *w),
                )


def unix_sockets(outside: Outside, readable: str, allowed: str, tag: str) -> Iterator[Made]:
    """What the desktop and the agents of a person listen at: others' sockets, by path and name."""
    for name in ("bus", "docker.sock", "agent.1", "S.gpg-agent", "X0"):
        outside.listen(f"{readable}/{name}")
        yield name, lambda n=name: talk(f"{readable}/{n}")
        os.symlink(f"{readable}/{name}", f"link-{name}")
        yield f"link to {name}", lambda n=name: talk(f"link-{n}")
    outside.listen(f"@{tag}")
    yield "abstract", lambda: talk(b"\0" + tag.encode())
    yield "beside the allowed one", lambda: talk(f"{allowed}.other")


def own_unix() -> Iterator[Made]:
    for name in ("own", b"\0own-" + str(os.getpid()).encode()):
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(name)
            made.listen()
            yield repr(name), lambda n=name, m=made: conversation(n, m)


def conversation(name: str | bytes, made: socket.socket) -> object:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(name)
        made.accept()[0].send(b"hello")
        return sock.recv(16)


def main() -> None:
    work, readable, name, tag = arguments()
    os.chdir(work)
    outside = Outside(work)
    allowed = f"{readable}/{name}"
    for title, attacks in (
        ("own", own()),
        ("wider", wider()),
        ("others", others(outside)),
        ("sharing", sharing(outside)),
        ("taken over", taken_over(outside)),
        ("handed over", handed_over(outside, allowed)),
        ("options", options()),
        ("unix", unix_sockets(outside, readable, allowed, tag)),
        ("own unix", own_unix()),
    ):
        for label, attack in attacks:
            attempt(f"{title}: {label}", attack)
    print("talked", outside.talked(), sep="\t")


if __name__ == "__main__":
    main()
