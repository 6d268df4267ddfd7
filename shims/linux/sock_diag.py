"""What the kernel tells about sockets, over netlink: sock_diag(7), netlink(7).

Questions and answers of one address family are in modules of their own: unix_diag, inet_diag.
"""

from __future__ import annotations

import errno
import struct
from _socket import AF_NETLINK, SOCK_CLOEXEC, SOCK_RAW, SOL_SOCKET
from collections.abc import Iterator

from nono.shims.errors import failure

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    import socket
    from typing import Final

_NETLINK_SOCK_DIAG: Final = 4
_SOCK_DIAG_BY_FAMILY: Final = 20
_NLMSG_ERROR: Final = 2
_NLMSG_DONE: Final = 3
_NLM_F_REQUEST: Final = 0x1
_NLM_F_DUMP: Final = 0x300
_SO_COOKIE: Final = 57

_UNKNOWN: Final = (errno.ENOENT, errno.EOPNOTSUPP, errno.EPROTONOSUPPORT, errno.EAFNOSUPPORT)

_HEADER: Final = struct.Struct("=IHHII")  # nlmsghdr
_ATTRIBUTE: Final = struct.Struct("=HH")  # nlattr
_ERROR: Final = struct.Struct("=i")
_BUFFER: Final = 1 << 16

ANY_COOKIE: Final = b"\xff" * 8
"""In a request: the socket with whatever cookie."""

TCP_ESTABLISHED: Final = 1
TCP_CLOSE: Final = 7
TCP_LISTEN: Final = 10
"""The state of a socket that listens, of a unix socket as well."""


def cookie(sock: socket.socket) -> int:
    """What tells this socket from every other one since the machine started. Raises OSError."""
    return int.from_bytes(sock.getsockopt(SOL_SOCKET, _SO_COOKIE, 8), "little")


def open_() -> socket.socket:
    """A netlink socket for the questions below, one after the other. Raises OSError."""
    import socket  # which a start does without

    kind = SOCK_RAW | SOCK_CLOEXEC
    return socket.socket(AF_NETLINK, kind, _NETLINK_SOCK_DIAG)


def ask(netlink: socket.socket, request: bytes) -> bytes:
    """The one answer to a request about one socket.

    Raises OSError: ENOENT if there is no such socket, or the kernel does not know such requests.
    """
    _send(netlink, request, _SOCK_DIAG_BY_FAMILY, 0)
    for message_type, body in _receive(netlink):
        _raise_error(message_type, body)
        return body
    raise failure(errno.EPROTO)


def dump(
    netlink: socket.socket, request: bytes, message_type: int = _SOCK_DIAG_BY_FAMILY
) -> Iterator[list[bytes]]:
    """All answers to a request about many sockets, in the batches in which the kernel gives them.

    Within a batch nothing is skipped that was there all the time. Between two of them the kernel
    goes on by counting, and may skip one when another is closed. The first batch on a netlink
    socket is of at most 4 KiB, the others are of up to 32 KiB.

    Raises OSError: ENOENT or EOPNOTSUPP where the kernel does not know such requests.
    """
    _send(netlink, request, message_type, _NLM_F_DUMP)
    while True:
        batch: list[bytes] = []
        for message_type, body in _receive(netlink):
            _raise_error(message_type, body)
            if message_type == _NLMSG_DONE:
                yield batch
                return
            batch.append(body)
        yield batch


def is_told(request: bytes) -> bool:
    """Whether the kernel knows this request about many sockets. Raises OSError.

    Without the module of the family, or of the protocol, it says ENOENT as if there were none.
    """
    try:
        with open_() as netlink:
            for _ in dump(netlink, request):
                pass
    except OSError as error:
        if error.errno in _UNKNOWN:
            return False
        raise
    return True


def attributes(body: bytes, position: int) -> Iterator[tuple[int, bytes]]:
    """Type and value of each attribute from `position` on."""
    while position + _ATTRIBUTE.size <= len(body):
        length, attribute = _ATTRIBUTE.unpack_from(body, position)
        yield attribute, body[position + _ATTRIBUTE.size : position + length]
        position += _aligned(max(length, _ATTRIBUTE.size))


def _send(netlink: socket.socket, request: bytes, message_type: int, flags: int) -> None:
    length = _HEADER.size + len(request)
    header = _HEADER.pack(length, message_type, _NLM_F_REQUEST | flags, 0, 0)
    netlink.sendto(header + request, (0, 0))


def _receive(netlink: socket.socket) -> Iterator[tuple[int, bytes]]:
    """Type and body of each message of one datagram."""
    data = netlink.recv(_BUFFER)
    position = 0
    while position + _HEADER.size <= len(data):
        length, message_type, *_ = _HEADER.unpack_from(data, position)
        yield message_type, data[position + _HEADER.size : position + length]
        position += _aligned(max(length, _HEADER.size))


def _raise_error(message_type: int, body: bytes) -> None:
    """A dump that fails half-way says so in its last message."""
    if message_type not in (_NLMSG_ERROR, _NLMSG_DONE):
        return
    number = -_ERROR.unpack_from(body)[0] if len(body) >= _ERROR.size else 0
    if number > 0:
        raise failure(number)
    if message_type == _NLMSG_ERROR:
        raise failure(errno.EPROTO)


def _aligned(length: int) -> int:
    return length + 3 & ~3
