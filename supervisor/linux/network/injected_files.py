"""The files by which a program finds its resolver, as it sees them in the filtered mode.

glibc, musl, Go and c-ares read /etc/resolv.conf; glibc and Go ask /etc/nsswitch.conf which
sources there are, and all of them look into /etc/hosts first. The machine's own would lead to
servers, daemons and addresses that the program has no way to. See resolv.conf(5),
nsswitch.conf(5), hosts(5).
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import socket
from collections.abc import Mapping

from nono.supervisor.decisions.always import HOSTS, NSSWITCH_CONF, RESOLV_CONF
from nono.supervisor.errors import failure

_RESOLV_CONF = b"nameserver 127.0.0.1\noptions use-vc ndots:0 timeout:10 attempts:2\n"
_NSSWITCH_CONF = b"""passwd: files
group: files
shadow: files
gshadow: files
hosts: files dns
networks: files
protocols: files
services: files
ethers: files
rpc: files
"""
_LOCALHOST = "localhost ip6-localhost ip6-loopback"
_HOST_NAME = re.compile(r"[A-Za-z0-9._-]{1,253}")
_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


class InjectedFiles:
    """What opens of these files are given instead. Close it at the end."""

    def __init__(self, copies: Mapping[str, str]) -> None:
        """`copies` is as in `decisions.always.Complete`."""
        contents = {
            RESOLV_CONF: _RESOLV_CONF,
            NSSWITCH_CONF: _NSSWITCH_CONF,
            HOSTS: _hosts(socket.gethostname()),
        }
        made = {
            name: _sealed(os.path.basename(name), contents[name]) for name in set(copies.values())
        }
        self._files = {path: made[name] for path, name in copies.items()}

    def __contains__(self, path: str) -> bool:
        return path in self._files

    def open(self, path: str) -> int:
        """A descriptor of ours, for reading, with a position of its own. Raises OSError."""
        fd = self._files.get(path)
        if fd is None:
            raise failure(errno.ENOENT)
        return os.open(f"/proc/self/fd/{fd}", os.O_RDONLY | os.O_CLOEXEC)

    def close(self) -> None:
        for fd in set(self._files.values()):
            os.close(fd)
        self._files = {}


def _hosts(name: str) -> bytes:
    """The names of this machine, which are not looked up: everything else is."""
    own = f" {name}" if _HOST_NAME.fullmatch(name) else ""
    return f"127.0.0.1 localhost{own}\n::1 {_LOCALHOST}\n".encode()


def _sealed(name: str, content: bytes) -> int:
    fd = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.write(fd, content)
        os.fchmod(fd, 0o444)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _SEALS)
    except BaseException:
        os.close(fd)
        raise
    return fd
