"""Which unix socket listens where, as the kernel knows it: sock_diag(7), linux/unix_diag.h.

A path says little: what is bound to a file is the socket that made it, wherever the file is moved.
The kernel keeps the connection between the two, and a cookie for each socket that is never reused.
"""

from __future__ import annotations

import errno
import os
import re
import socket
import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

_NETLINK_SOCK_DIAG: Final = 4
_SOCK_DIAG_BY_FAMILY: Final = 20
_NLMSG_ERROR: Final = 2
_NLMSG_DONE: Final = 3
_NLM_F_REQUEST: Final = 0x1
_NLM_F_DUMP: Final = 0x300
_SO_COOKIE: Final = 57
_LISTENING: Final = 1 << 10  # TCP_LISTEN, which unix sockets use as well
_SHOW_NAME: Final = 0x1
_SHOW_VFS: Final = 0x2
_NAME: Final = 0
_VFS: Final = 1
_ANY_COOKIE: Final = b"\xff" * 8

_HEADER: Final = struct.Struct("=IHHII")  # nlmsghdr
_REQUEST: Final = struct.Struct("=BBHIII8s")  # unix_diag_req
_ANSWER: Final = struct.Struct("=4BIQ")  # unix_diag_msg
_ATTRIBUTE: Final = struct.Struct("=HH")  # nlattr
_FILE: Final = struct.Struct("=II")  # unix_diag_vfs
_BUFFER: Final = 1 << 16
_MINOR_BITS: Final = 20  # of a dev_t inside the kernel


class File(NamedTuple):
    """A file by what the kernel itself calls it, which is not always what stat(2) says."""

    inode: int
    """The low 32 bits of the number."""
    device: int


class Listening(NamedTuple):
    """A listening unix socket."""

    cookie: int
    name: bytes
    """As it was given to bind(2); an abstract name with its leading NUL."""
    file: File | None
    """None for an abstract name."""


def cookie(sock: socket.socket) -> int:
    """What tells this socket from every other one since the machine started. Raises OSError."""
    return int.from_bytes(sock.getsockopt(socket.SOL_SOCKET, _SO_COOKIE, 8), "little")


def listening() -> Iterator[Listening]:
    """Every listening unix socket of the network namespace.

    Raises OSError: ENOENT or EPROTONOSUPPORT where the kernel was built without CONFIG_UNIX_DIAG.
    """
    show = _SHOW_NAME | _SHOW_VFS
    request = _REQUEST.pack(socket.AF_UNIX, 0, 0, _LISTENING, 0, show, _ANY_COOKIE)
    header = _HEADER.pack(
        _HEADER.size + len(request), _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST | _NLM_F_DUMP, 1, 0
    )
    kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC
    with socket.socket(socket.AF_NETLINK, kind, _NETLINK_SOCK_DIAG) as netlink:
        netlink.sendto(header + request, (0, 0))
        while True:
            for message_type, body in _messages(netlink.recv(_BUFFER)):
                if message_type == _NLMSG_DONE:
                    return
                if message_type == _NLMSG_ERROR:
                    number = -struct.unpack_from("=i", body)[0]
                    raise OSError(number or errno.EPROTO, os.strerror(number or errno.EPROTO))
                yield _listening(body)


def file_of(fd: int) -> File | None:
    """What the kernel calls the file behind `fd`: proc_pid_fdinfo(5), proc_pid_mountinfo(5).

    None before Linux 5.14, and for a file on a mount that cannot be seen. Raises OSError.
    """
    with open(f"/proc/self/fdinfo/{fd}", "rb") as info:
        fields = dict(line.split(b":", 1) for line in info.read().splitlines() if b":" in line)
    if b"ino" not in fields:
        return None
    mount = re.escape(b"%d" % int(fields[b"mnt_id"]))
    with open("/proc/self/mountinfo", "rb") as info:
        found = re.search(rb"^%s \d+ (\d+):(\d+) " % mount, info.read(), re.MULTILINE)
    if found is None:
        return None
    device = int(found[1]) << _MINOR_BITS | int(found[2])
    return File(int(fields[b"ino"]) & 0xFFFFFFFF, device)


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position + _HEADER.size <= len(data):
        length, message_type, *_ = _HEADER.unpack_from(data, position)
        yield message_type, data[position + _HEADER.size : position + length]
        position += _aligned(max(length, _HEADER.size))


def _listening(body: bytes) -> Listening:
    *_, socket_cookie = _ANSWER.unpack_from(body)
    name, file = b"", None
    position = _ANSWER.size
    while position + _ATTRIBUTE.size <= len(body):
        length, attribute = _ATTRIBUTE.unpack_from(body, position)
        value = body[position + _ATTRIBUTE.size : position + length]
        if attribute == _NAME:
            name = value
        elif attribute == _VFS:
            file = File(*_FILE.unpack(value))
        position += _aligned(max(length, _ATTRIBUTE.size))
    return Listening(socket_cookie, name, file)


def _aligned(length: int) -> int:
    return length + 3 & ~3
