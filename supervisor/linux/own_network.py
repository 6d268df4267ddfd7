"""A network of the program's own, with nothing in it but nono's proxy.

Without a broker nobody decides on connects, and Landlock's rule for a port names no address: of
every machine that port could be reached. In a network namespace with nothing but `lo` there is no
other machine. What listens there is made inside and handed to the supervisor, who serves it from
where the hosts are. network_namespaces(7), user_namespaces(7), netdevice(7).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
import struct
from typing import Final

from nono.shims.linux import process
from nono.supervisor.decisions.services import PROXY_ADDRESS

_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWNET: Final = 0x40000000
_SIOCSIFFLAGS: Final = 0x8914
_IFF_UP: Final = 1
_REQUEST: Final = struct.Struct("=16sh22x")
"""struct ifreq."""
_BACKLOG: Final = 512


def enter(port: int) -> tuple[socket.socket, bool]:
    """Be in such a network from now on; what listens at `port` there. Raises OSError.

    True for a user namespace of our own as well, which it takes without CAP_SYS_ADMIN: every
    capability has to be dropped then. In it we are who we were, and files of others are nobody's.
    """
    user, group = os.geteuid(), os.getegid()
    is_apart = False
    try:
        process.unshare(_CLONE_NEWNET)
    except PermissionError:
        process.unshare(_CLONE_NEWNET | _CLONE_NEWUSER)
        is_apart = True
        _map("setgroups", "deny")
        _map("uid_map", f"{user} {user} 1")
        _map("gid_map", f"{group} {group} 1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, _REQUEST.pack(b"lo", _IFF_UP))
    return socket.create_server((PROXY_ADDRESS, port), backlog=_BACKLOG), is_apart


def _map(name: str, text: str) -> None:
    with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
        file.write(text)


def why_not() -> int:
    """0 where `enter` works on this machine, else the errno. For a process without threads."""
    child = os.fork()
    if child == 0:
        number = errno.EPERM
        with contextlib.suppress(BaseException):
            try:
                enter(0)
                number = 0
            except OSError as error:
                number = error.errno or number
        os._exit(number)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
