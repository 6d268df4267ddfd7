"""Abstract names of unix sockets that the sandbox has bound: see unix(7).

Of a type, one socket at a time has a name, and keeps it until it is closed. So a name is the
sandbox's own exactly as long as the socket is there that was given it here: the kernel is asked for
that one socket, and never for a list, of which a program can make it leave out what it likes.
"""

from __future__ import annotations

import os
import socket
import threading
from typing import NamedTuple

from nono.shims.linux import unix_diag

_MAX_NAMES = 4096


class Holder(NamedTuple):
    """The socket that has a name, by its inode and its `unix_diag.identity`."""

    inode: int
    identity: int


class OwnNames:
    """Of one sandbox. May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holders: dict[tuple[int, bytes], Holder] = {}

    def record(self, sock: socket.socket) -> None:
        """Remember the name that the socket has been bound to. Raises OSError.

        Beyond a bound, what is closed is forgotten; where that is nothing, the name is nobody's.
        """
        name = sock.getsockname()
        holder = Holder(os.fstat(sock.fileno()).st_ino, unix_diag.identity(sock))
        with self._lock:
            if len(self._holders) >= _MAX_NAMES:
                held = {key: each for key, each in self._holders.items() if _holds(each, key[1])}
                self._holders = held
            if len(self._holders) < _MAX_NAMES and isinstance(name, bytes):
                self._holders[int(sock.type), name] = holder

    def holder(self, kind: int, name: bytes) -> Holder | None:
        """The sandbox's own socket that has the name now; None for anybody's else, and nobody's."""
        found = self._holders.get((int(kind), name))
        return found if found is not None and _holds(found, name) else None


def _holds(holder: Holder, name: bytes) -> bool:
    try:
        return unix_diag.has_name(holder.inode, holder.identity, name)
    except OSError:
        return False
