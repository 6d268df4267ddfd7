"""Which unix socket listens where, as the kernel knows it: sock_diag(7), linux/unix_diag.h.

A path says little: what is bound to a file is the socket that made it, wherever the file is moved.
The kernel keeps the connection between the two, and a cookie for each socket that is never reused.
"""

from __future__ import annotations

import errno
import functools
import os
import re
import socket
import struct
from collections.abc import Iterator
from typing import Final

from nono.shims.linux import proc_net, sock_diag
from nono.shims.linux.sock_diag import cookie as cookie
from nono.shims.named_tuple import NamedTuple

_SHOW_NAME: Final = 0x1
_SHOW_VFS: Final = 0x2
_NAME: Final = 0
_VFS: Final = 1

_REQUEST: Final = struct.Struct("=BBHIII8s")  # unix_diag_req
_ANSWER: Final = struct.Struct("=4BIQ")  # unix_diag_msg
_TYPE: Final = 1  # its second byte
_EVERY_STATE: Final = 0xFFFFFFFF
_FILE: Final = struct.Struct("=II")  # unix_diag_vfs
_MINOR_BITS: Final = 20  # of a dev_t inside the kernel


class File(NamedTuple):
    """A file by what the kernel itself calls it, which is not always what stat(2) says."""

    inode: int
    """The low 32 bits of the number."""
    device: int


class Listening(NamedTuple):
    """A unix socket with a name, which may be connected to or sent to."""

    cookie: int
    """What `identity` says of it."""
    name: bytes
    """As it was given to bind(2); an abstract name with its leading NUL."""
    file: File | None
    """None for an abstract name."""

    def may_have(self, name: bytes) -> bool:
        """Whether this is its name. In /proc/net some names look like others."""
        return self.name == (name if is_told() else name.replace(b"\0", b"@"))


@functools.cache
def is_told() -> bool:
    """Whether the kernel has CONFIG_UNIX_DIAG, or can load it. Raises OSError.

    If not, /proc/net is read instead: nothing is told of files then.
    """
    return sock_diag.is_told(_REQUEST.pack(socket.AF_UNIX, 0, 0, 0, 0, 0, sock_diag.ANY_COOKIE))


def identity(sock: socket.socket) -> int:
    """What tells this unix socket from every other one: its cookie, where cookies are told."""
    return sock_diag.cookie(sock) if is_told() else proc_net.identity(sock)


def listening() -> Iterator[Listening]:
    """Every listening unix socket of the network namespace. Raises OSError."""
    if not is_told():
        yield from (Listening(each.identity, each.text, None) for each in proc_net.unix())
        return
    yield from (found for _, found in _all(1 << sock_diag.TCP_LISTEN))


def _all(states: int) -> Iterator[tuple[int, Listening]]:
    """Type and name of every unix socket in one of the states."""
    show = _SHOW_NAME | _SHOW_VFS
    request = _REQUEST.pack(socket.AF_UNIX, 0, 0, states, 0, show, sock_diag.ANY_COOKIE)
    with sock_diag.open_() as netlink:
        for batch in sock_diag.dump(netlink, request):
            yield from ((body[_TYPE], _listening(body)) for body in batch)


def receiving() -> Iterator[Listening]:
    """Every datagram socket with a name of the network namespace.

    Raises OSError: ENOENT or EPROTONOSUPPORT where the kernel was built without CONFIG_UNIX_DIAG.
    """
    states = 1 << sock_diag.TCP_CLOSE | 1 << sock_diag.TCP_ESTABLISHED
    yield from (found for kind, found in _all(states) if kind == socket.SOCK_DGRAM and found.name)


def of(sock: socket.socket) -> Listening | None:
    """What the kernel knows of a unix socket of ours: see `find`."""
    return find(os.fstat(sock.fileno()).st_ino, cookie(sock))


def find(inode: int, socket_cookie: int) -> Listening | None:
    """The socket with this inode and cookie; None when it is gone.

    None, too, where a kernel without CONFIG_UNIX_DIAG says ENOENT. Raises OSError otherwise.
    """
    show = _SHOW_NAME | _SHOW_VFS
    wanted = socket_cookie.to_bytes(8, "little")
    request = _REQUEST.pack(socket.AF_UNIX, 0, 0, _EVERY_STATE, inode & 0xFFFFFFFF, show, wanted)
    with sock_diag.open_() as netlink:
        try:
            return _listening(sock_diag.ask(netlink, request))
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ESTALE):
                raise
    return None


def has_name(inode: int, known: int, name: bytes) -> bool:
    """Whether the socket with this inode and `identity` is there and has the name. Raises OSError.

    Where the kernel does not tell, only a listening one is known to be there.
    """
    if is_told():
        found = find(inode, known)
        return found is not None and found.name == name
    text = name.replace(b"\0", b"@")
    return any(each.identity == known and each.text == text for each in proc_net.unix())


def file_of(fd: int) -> File | None:
    """What the kernel calls the file behind `fd`: proc_pid_fdinfo(5), proc_pid_mountinfo(5).

    None before Linux 5.14. Where the mount cannot be seen (in a chroot whose root is none) it is
    what stat(2) says; a file system that says something else there has no such file then, and
    nothing is found. Raises OSError.
    """
    with open(f"/proc/self/fdinfo/{fd}", "rb") as info:
        fields = dict(line.split(b":", 1) for line in info.read().splitlines() if b":" in line)
    if b"ino" not in fields:
        return None
    mount = re.escape(b"%d" % int(fields[b"mnt_id"]))
    with open("/proc/self/mountinfo", "rb") as info:
        found = re.search(rb"^%s \d+ (\d+):(\d+) " % mount, info.read(), re.MULTILINE)
    if found is None:
        number = os.fstat(fd).st_dev
        major, minor = os.major(number), os.minor(number)
    else:
        major, minor = int(found[1]), int(found[2])
    return File(int(fields[b"ino"]) & 0xFFFFFFFF, major << _MINOR_BITS | minor)


def _listening(body: bytes) -> Listening:
    *_, socket_cookie = _ANSWER.unpack_from(body)
    name, file = b"", None
    for attribute, value in sock_diag.attributes(body, _ANSWER.size):
        if attribute == _NAME:
            name = value
        elif attribute == _VFS:
            file = File(*_FILE.unpack(value))
    return Listening(socket_cookie, name, file)
