"""Unix datagram sockets of one sandbox: what nono holds for them.

A program's own such socket sends nothing (`unix_datagrams.py`). So that an answer to what nono
sends for it comes back to it, nono has a *twin* of each that is bound to a path: a socket with the
same name, whose file is gone. A receiver sees the name, and by that name it finds the program's.
"""

from __future__ import annotations

import errno
import os
import resource
import socket
import stat
import threading
from collections.abc import Callable
from typing import NamedTuple, Protocol

from nono.shims.linux import unix_diag
from nono.shims.linux.file_identity import identity
from nono.shims.linux.sock_diag import cookie
from nono.supervisor.errors import failure
from nono.supervisor.linux.calls.resolving.handles import Entry, Handle

_MAX_SOCKETS = 256
"""Of each kind, with up to three descriptors of ours each."""


class _Twin(NamedTuple):
    """Of a program's socket."""

    inode: int
    """The program's socket's own."""
    file: Handle
    """What that is bound to. As long as we hold it, nothing else is the same file."""
    socket: socket.socket

    def close(self) -> None:
        self.file.close()
        self.socket.close()


class Connection(Protocol):
    """What carries the messages of a connected socket: `datagram_relay.py`."""

    original: socket.socket
    """The program's own socket, before it was connected."""

    def lead_to(self, name: bytes, is_meant: Callable[[], bool]) -> None:
        """What is sent from now on goes to `name`, if that is who is meant, once it is reached.

        Raises OSError, and goes where it went then.
        """


class OwnDatagrams:
    """May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._twins: dict[int, _Twin] = {}
        self._relays: dict[int, Connection] = {}

    def twin_of(self, sock: socket.socket) -> socket.socket | None:
        """What to send from for `sock`, which must be held open; None if it has none."""
        if not self._twins:
            return None
        found = self._twins.get(cookie(sock))
        return None if found is None else found.socket

    def receives_at(self, file: Handle) -> bool:
        """Whether a program's own socket is or was bound to the file, which no other ever is.

        So the kernel need not be asked for all sockets.
        """
        known = identity(file.fd) if self._twins else None
        with self._lock:
            return known is not None and any(
                os.path.samestat(twin.file.stat, file.stat) and identity(twin.file.fd) == known
                for twin in self._twins.values()
            )

    def bind_both(
        self, sock: socket.socket, place: Entry, bind: Callable[[socket.socket], None]
    ) -> None:
        """Bind `sock` to a path that nothing has, and a twin for it. Raises OSError.

        Without a twin where the kernel does not tell which socket a file belongs to, and beyond
        a bound: then what is sent has no address to answer to.
        """
        if sock.getsockname():
            raise failure(errno.EINVAL)
        if not _is_told(sock, place):
            bind(sock)
            return
        twin = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            bind(twin)
            if not _take_name(twin, place):
                raise failure(errno.EADDRINUSE)
            bind(sock)
            file = place.existing()
            if file is not None and self._add(sock, twin, file):
                return
        except BaseException:
            twin.close()
            raise
        twin.close()

    def _add(self, sock: socket.socket, twin: socket.socket, file: Handle) -> bool:
        """False, with the file closed, when it is not the socket's, or there are too many."""
        with self._lock:
            if len(self._twins) >= _limit():
                self._drop_closed()
            if len(self._twins) >= _limit() or not _is_file_of(sock, file.fd):
                file.close()
                return False
            self._twins[cookie(sock)] = _Twin(os.fstat(sock.fileno()).st_ino, file, twin)
            return True

    def _drop_closed(self) -> None:
        for known, twin in list(self._twins.items()):
            try:
                is_open = unix_diag.find(twin.inode, known) is not None
            except OSError:
                return
            if not is_open:
                del self._twins[known]
                twin.close()

    def relay_of(self, sock: socket.socket) -> Connection | None:
        """What carries the messages of `sock`, if that was given for a connected one."""
        return self._relays.get(cookie(sock)) if self._relays else None

    def add_relay(self, sock: socket.socket, relay: Connection) -> None:
        """Raises OSError (ENOBUFS) when there are too many."""
        with self._lock:
            if len(self._relays) >= _limit():
                raise failure(errno.ENOBUFS)
            self._relays[cookie(sock)] = relay

    def forget_relay(self, relay: Connection) -> None:
        with self._lock:
            for known in [key for key, each in self._relays.items() if each is relay]:
                del self._relays[known]

    def close(self) -> None:
        with self._lock:
            for twin in self._twins.values():
                twin.close()
            self._twins.clear()


def _limit() -> int:
    """Others need descriptors, too."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MAX_SOCKETS if soft == resource.RLIM_INFINITY else min(_MAX_SOCKETS, soft // 16)


def _is_told(sock: socket.socket, place: Entry) -> bool:
    """Whether the kernel would tell that a file in this place is a socket's."""
    try:
        return unix_diag.of(sock) is not None and unix_diag.file_of(place.parent.fd) is not None
    except OSError:
        return False


def _take_name(twin: socket.socket, place: Entry) -> bool:
    """Delete the file of the twin; False when that is not what has the name."""
    made = place.existing()
    if made is None:
        return False
    with made:
        if made.kind != stat.S_IFSOCK or not _is_file_of(twin, made.fd):
            return False
        os.unlink(place.name, dir_fd=place.parent.fd)
    return True


def _is_file_of(sock: socket.socket, fd: int) -> bool:
    try:
        found = unix_diag.of(sock)
    except OSError:
        return False
    return found is not None and found.file is not None and found.file == unix_diag.file_of(fd)
