"""What the sandbox itself made or has, in places that it shares with others.

/tmp and /dev/shm belong to everybody: a sandbox may use what it created there, known by identity
and not by name. The same holds for its own processes' /proc entries and its own terminals.
"""

from __future__ import annotations

import os
import stat

from nono.shims.linux.handle import identity
from nono.supervisor.caller import Caller
from nono.supervisor.resolve import HANDLE_FLAGS, Handle, is_at_or_below

SHARED_DIRECTORIES = ("/tmp", "/var/tmp", "/dev/shm")
_LIMIT = 100_000
_PTS_MAJORS = range(136, 144)

# Below a process, /proc/PID/net shows the whole machine's connections, not the process's.
_HARMLESS_NET = {"dev", "route", "if_inet6", "ipv6_route"}


class OwnObjects:
    """The objects of one sandbox. Bounded: what is beyond the bound is simply not its own."""

    def __init__(self) -> None:
        self._identities: set[bytes] = set()
        self._terminals: dict[int, int] = {}
        self._sockets: set[str] = set()
        self._abstract: set[bytes] = set()

    def record_created(self, path: str, fd: int) -> None:
        """Remember the object behind a descriptor of ours if it was made in a shared place."""
        if _shared_directory(path) and len(self._identities) < _LIMIT:
            self._identities.add(identity(fd))

    def forget(self, handle: Handle) -> None:
        """The name is being deleted; with the last one, the inode may come back as another's."""
        if self._identities and (handle.stat.st_nlink <= 1 or handle.kind == stat.S_IFDIR):
            self._identities.discard(identity(handle.fd))

    def record_terminal(self, device: int, name: str) -> None:
        """Remember a terminal that the sandbox opened through /dev/ptmx.

        Its inode is kept open without access (O_PATH): when the terminal goes and its number
        becomes another's, ours has no link left.
        """
        self._drop_terminal(device)
        if len(self._terminals) < 256:
            self._terminals[device] = os.open(name, HANDLE_FLAGS | os.O_NOFOLLOW)

    def record_socket(self, path: str) -> None:
        """Remember that the sandbox is about to bind a socket at a path where nothing was."""
        if len(self._sockets) < _LIMIT:
            self._sockets.add(path)

    def record_abstract(self, name: object) -> None:
        """Remember an abstract socket's name (with its leading NUL) as bound by the sandbox."""
        if isinstance(name, bytes) and len(self._abstract) < _LIMIT:
            self._abstract.add(name)

    def is_own_abstract(self, name: bytes) -> bool:
        """True when the sandbox bound this abstract name itself."""
        return name in self._abstract

    def is_own_socket(self, handle: Handle) -> bool:
        """True when the sandbox bound this socket itself."""
        return handle.path in self._sockets or self.is_own_file(handle.path, handle.fd)

    def is_own(self, caller: Caller, handle: Handle) -> bool:
        """True when the object is the sandbox's own."""
        path = handle.path
        if is_at_or_below(path, "/proc"):
            return self._is_own_proc(caller, path)
        if stat.S_ISCHR(handle.stat.st_mode):
            return self._is_own_terminal(caller, handle)
        return self.is_own_file(path, handle.fd)

    def is_own_file(self, path: str, fd: int) -> bool:
        """True when the object, or a directory above it in a shared place, is the sandbox's."""
        shared = _shared_directory(path)
        if shared is None or path == shared or not self._identities:
            return False
        if identity(fd) in self._identities:
            return True
        names = path[len(shared) + 1 :].split("/")[:-1]
        directory = shared
        for name in names:
            directory = f"{directory}/{name}"
            if self._is_recorded_directory(directory):
                return True
        return False

    def _is_recorded_directory(self, path: str) -> bool:
        try:
            fd = os.open(path, HANDLE_FLAGS | os.O_NOFOLLOW | os.O_DIRECTORY)
        except OSError:
            return False
        try:
            return identity(fd) in self._identities
        finally:
            os.close(fd)

    def _is_own_proc(self, caller: Caller, path: str) -> bool:
        words = path.split("/")[2:]
        if not words or not words[0].isdecimal() or not caller.owns(int(words[0])):
            return False
        below = words[3:] if words[1:2] == ["task"] else words[1:]
        return below[:1] != ["net"] or (len(below) == 2 and below[1] in _HARMLESS_NET)

    def _is_own_terminal(self, caller: Caller, handle: Handle) -> bool:
        device = handle.stat.st_rdev
        if os.major(device) not in _PTS_MAJORS:
            return False
        if device == caller.terminal:
            return True
        pinned = self._terminals.get(device)
        if pinned is None:
            return False
        if os.fstat(pinned).st_nlink and os.path.samestat(os.fstat(pinned), handle.stat):
            return True
        self._drop_terminal(device)
        return False

    def _drop_terminal(self, device: int) -> None:
        pinned = self._terminals.pop(device, None)
        if pinned is not None:
            os.close(pinned)

    def close(self) -> None:
        for device in list(self._terminals):
            self._drop_terminal(device)


def _shared_directory(path: str) -> str | None:
    return next((d for d in SHARED_DIRECTORIES if is_at_or_below(path, d)), None)
