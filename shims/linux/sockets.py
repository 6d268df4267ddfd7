"""Sockets as the kernel sees them: addresses as bytes, a TCP socket's state.

Sources: connect(2), bind(2), listen(2), ip(7), ipv6(7), tcp(7).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import functools
import os
import struct
import sys
from _socket import (
    AF_INET,
    AF_INET6,
    AF_UNIX,
    CMSG_LEN,
    IPPROTO_TCP,
    MSG_CMSG_CLOEXEC,
    SO_BINDTODEVICE,
    SO_TYPE,
    SOCK_NONBLOCK,
    SOL_SOCKET,
    TCP_INFO,
)
from collections.abc import Iterator

from nono.shims.linux.libc import address, ffi, syscall
from nono.shims.linux.syscall_classes import own_number

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    import socket
    from _socket import socket as PlainSocket
    from typing import Final

_CONNECT: Final = own_number("connect")
_BIND: Final = own_number("bind")
_LISTEN: Final = own_number("listen")
_GETSOCKOPT: Final = own_number("getsockopt")

MAX_ADDRESS: Final = 128
"""sizeof(struct sockaddr_storage)."""


TCP_SYN_SENT: Final = 2
TCP_CLOSE: Final = 7

RESET: Final = struct.pack("@ii", 1, 0)
"""SO_LINGER of no time: close(2) sends a RST."""

FAMILY: Final = struct.Struct("=H")
"""sa_family_t, which every address begins with."""

_SO_PEERPIDFD: Final = 77

_LOOPBACK_DEVICE: Final = b"lo\0"
_DEVICE_NAME_BYTES: Final = 16  # IFNAMSIZ
_INT_BYTES: Final = 4

_SOCKADDR_IN: Final = struct.Struct("=H2s4s8x")
_SOCKADDR_IN6: Final = struct.Struct("=H2sI16sI")


def connect(fd: int, sockaddr: bytes) -> None:
    """connect(2). Raises OSError."""
    buffer = ffi.from_buffer(sockaddr)
    syscall(_CONNECT, fd, address(buffer), len(sockaddr))


def bind(fd: int, sockaddr: bytes) -> None:
    """bind(2). Raises OSError."""
    buffer = ffi.from_buffer(sockaddr)
    syscall(_BIND, fd, address(buffer), len(sockaddr))


def listen(fd: int, backlog: int) -> None:
    """listen(2), with any int as the backlog. Raises OSError."""
    syscall(_LISTEN, fd, backlog)


def receive_descriptor(sock: PlainSocket, size: int) -> tuple[bytes, int | None]:
    """Bytes and the one descriptor that came with them, close-on-exec. Raises OSError.

    `socket.recv_fds` ignores its flags: every child that a host executes would get what it gives.
    """
    data, ancillary, _, _ = sock.recvmsg(size, CMSG_LEN(_INT_BYTES), MSG_CMSG_CLOEXEC)
    for _, _, content in ancillary:  # none but SCM_RIGHTS is asked for
        return data, int.from_bytes(content, sys.byteorder)
    return data, None


def taken(fd: int) -> socket.socket:
    """The open socket that a descriptor, which it takes over, is of. O_NONBLOCK stays as it is.

    Raises OSError, and takes nothing over then: EBADF also for O_PATH, ENOTSOCK.

    `socket.socket(fileno=fd)` sets O_NONBLOCK where this process has a default timeout, and that
    is the open socket's, which a program has as well. With SOCK_NONBLOCK in its type it believes
    that it is set already.
    """
    cells = ffi.new("int[2]", (0, _INT_BYTES))
    value = address(cells)
    syscall(_GETSOCKOPT, fd, SOL_SOCKET, SO_TYPE, value, value + _INT_BYTES)
    # What most starts do without is loaded only then.
    import socket

    return socket.socket(type=cells[0] | SOCK_NONBLOCK, fileno=fd)


def taken_copy(fd: int) -> socket.socket:
    """As `taken`, of a copy of the descriptor: dup(2)."""
    copy = os.dup(fd)
    try:
        return taken(copy)
    except BaseException:
        os.close(copy)
        raise


def copy_of(sock: socket.socket) -> socket.socket:
    """Another descriptor of the same open socket. Raises OSError.

    `socket.dup` sets O_NONBLOCK anew, and that is the open socket's.
    """
    return taken_copy(sock.fileno())


def tie_to_loopback(sock: socket.socket) -> None:
    """Let the socket be reached over the loopback device only, for good: SO_BINDTODEVICE.

    Raises OSError: EPERM when it is tied to another one, and before Linux 5.7.
    """
    level, option = SOL_SOCKET, SO_BINDTODEVICE
    if sock.getsockopt(level, option, _DEVICE_NAME_BYTES) != _LOOPBACK_DEVICE:
        sock.setsockopt(level, option, _LOOPBACK_DEVICE)


def peer_pidfd(sock: socket.socket) -> int | None:
    """A pidfd, close-on-exec, of the process that a unix socket was connected by; see unix(7).

    None before Linux 6.5, which has no SO_PEERPIDFD. Raises OSError: when that process is gone.
    """
    try:
        return sock.getsockopt(SOL_SOCKET, _SO_PEERPIDFD)
    except OSError as error:
        if error.errno == errno.ENOPROTOOPT:
            return None
        raise


@functools.lru_cache(1024)
def inet_address(family: int, host: str, port: int) -> bytes:
    """A struct sockaddr_in or sockaddr_in6 for a socket of this family.

    An IPv6 socket gets an IPv4 address in its mapped form. Raises ValueError for an IPv6 address
    and an IPv4 socket, and for what is no address.
    """
    # What most starts do without is loaded only then.
    import ipaddress

    where = ipaddress.ip_address(host)
    network_port = port.to_bytes(2, "big")
    if family == AF_INET:
        if where.version != 4:
            raise ValueError(f"{host} is not an IPv4 address")
        return _SOCKADDR_IN.pack(AF_INET, network_port, where.packed)
    packed = where.packed if where.version == 6 else bytes(10) + b"\xff\xff" + where.packed
    return _SOCKADDR_IN6.pack(AF_INET6, network_port, 0, packed, 0)


def unix_address(path: bytes) -> bytes:
    """A struct sockaddr_un for a path: unix(7)."""
    return FAMILY.pack(AF_UNIX) + path + b"\0"


def tcp_state(sock: socket.socket) -> int:
    """The state of a TCP socket, as in tcp_states.h. Raises OSError for any other socket."""
    return sock.getsockopt(IPPROTO_TCP, TCP_INFO, 1)[0]


@contextlib.contextmanager
def not_blocking(sock: socket.socket) -> Iterator[None]:
    """For the time of the block, no call on the open socket blocks."""
    flags = fcntl.fcntl(sock, fcntl.F_GETFL)
    fcntl.fcntl(sock, fcntl.F_SETFL, flags | os.O_NONBLOCK)
    try:
        yield
    finally:
        fcntl.fcntl(sock, fcntl.F_SETFL, flags)
