"""The caller's RESOLVE_* flags on a way that is walked a component at a time: openat2(2).

The kernel holds them wherever it resolves by itself. Here is what it would say of the steps that
only the walk takes: from the root, along a link, and through the magic links of the caller's.
"""

from __future__ import annotations

import errno
import os

from nono.broker.rules.paths import child
from nono.shims.linux.openat2 import (
    RESOLVE_BENEATH,
    RESOLVE_CACHED,
    RESOLVE_IN_ROOT,
    RESOLVE_NO_MAGICLINKS,
    RESOLVE_NO_SYMLINKS,
    RESOLVE_NO_XDEV,
    openat2,
)
from nono.supervisor.errors import failure
from nono.supervisor.linux.calls.resolving.handles import HANDLE_FLAGS, LINK_FLAGS, Handle

SCOPED = RESOLVE_BENEATH | RESOLVE_IN_ROOT
_MAX_FDINFO = 4096


class ResolveFlags:
    """Of one walk. `start` is where it begins, and stays the caller of this class's to close."""

    def __init__(self, start: int, resolve: int) -> None:
        self._start = start
        self._flags = resolve

    def ensure_walkable(self) -> None:
        """Raise OSError (EAGAIN): the names of a process are in no cache, or are not looked up."""
        if self._flags & RESOLVE_CACHED:
            raise failure(errno.EAGAIN)

    def root(self, current: Handle | None = None) -> Handle:
        """Where an absolute path, or a link to one that was met at `current`, goes on from."""
        if self._flags & RESOLVE_BENEATH:
            raise failure(errno.EXDEV)
        if self._flags & RESOLVE_IN_ROOT:
            return Handle(os.dup(self._start))
        root = Handle(os.open("/", HANDLE_FLAGS | os.O_DIRECTORY))
        return root if current is None else self._on_the_same_mount(current, root)

    def step(self, directory: Handle, name: bytes) -> Handle:
        """What has the name, a link itself. Raises OSError."""
        if name == b".." and self._flags & SCOPED and self._is_start(directory):
            if self._flags & RESOLVE_BENEATH:
                raise failure(errno.EXDEV)
            name = b"."
        flags = self._flags & RESOLVE_NO_XDEV
        place = "" if name in (b".", b"..") else child(directory.path, os.fsdecode(name))
        return Handle(openat2(directory.fd, name, LINK_FLAGS, 0, flags), place=place)

    def ensure_links(self) -> None:
        """Raise OSError (ELOOP) where no link may be followed."""
        if self._flags & RESOLVE_NO_SYMLINKS:
            raise failure(errno.ELOOP)

    def ensure_jumps(self) -> None:
        """Raise OSError where no magic link may be followed."""
        if self._flags & RESOLVE_NO_MAGICLINKS:
            raise failure(errno.ELOOP)
        if self._flags & SCOPED:
            raise failure(errno.EXDEV)

    def jumped(self, directory: Handle, target: Handle) -> Handle:
        """The target of a magic link that was met in `directory`. Raises OSError (EXDEV)."""
        return self._on_the_same_mount(directory, target)

    def _on_the_same_mount(self, before: Handle, after: Handle) -> Handle:
        if self._flags & RESOLVE_NO_XDEV and mount_of(before) != mount_of(after):
            after.close()
            raise failure(errno.EXDEV)
        return after

    def _is_start(self, directory: Handle) -> bool:
        return os.path.samestat(os.fstat(self._start), directory.stat)


def mount_of(handle: Handle) -> bytes:
    """The line that says the mount: proc_pid_fdinfo(5)."""
    with open(f"/proc/self/fdinfo/{handle.fd}", "rb", buffering=0) as file:
        lines = file.read(_MAX_FDINFO).splitlines()
    return next(line for line in lines if line.startswith(b"mnt_id:"))
