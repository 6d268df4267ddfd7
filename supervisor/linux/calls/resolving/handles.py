"""What a path was resolved to."""

from __future__ import annotations

import errno
import os
import stat

from nono.broker.named_tuple import NamedTuple
from nono.broker.rules.paths import child
from nono.shims.linux.openat2 import openat2
from nono.supervisor.linux.calls.resolving.lazily import lazily

HANDLE_FLAGS = os.O_PATH | os.O_CLOEXEC
LINK_FLAGS = HANDLE_FLAGS | os.O_NOFOLLOW
MAX_LINKS = 40
"""Symbolic links on one way, as many as the kernel follows: path_resolution(7)."""

_DELETED = " (deleted)"


class Handle:
    """A descriptor of ours (mostly O_PATH) for an object. Close it, or use it with `with`."""

    __slots__ = ("__dict__", "_place", "fd", "held")

    def __init__(self, fd: int, held: int | None = None, *, place: str = "") -> None:
        self.fd = fd
        self._place = place
        self.held = held
        """File status flags, when the handle is a copy of a descriptor that the caller has open."""

    def __enter__(self) -> Handle:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        os.close(self.fd)

    @property
    def name(self) -> str:
        """A path of ours through which the object can be opened or changed."""
        return f"/proc/self/fd/{self.fd}"

    @lazily
    def stat(self) -> os.stat_result:
        return os.fstat(self.fd)

    @lazily
    def path(self) -> str:
        """The canonical path; for a deleted object the path it had.

        Where the kernel tells none, since it is too long, the place at which it was found, or how
        a directory is reached: `long_paths.py`. Raises OSError (ENAMETOOLONG) where that fails.
        """
        try:
            path = os.readlink(self.name)
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                raise
            if self._place:
                return self._place
            if self.kind != stat.S_IFDIR:
                raise
            from nono.supervisor.linux.calls.resolving.long_paths import long_path  # seldom needed

            return long_path(self.fd)
        if path.endswith(_DELETED) and self.stat.st_nlink == 0:
            path = path[: -len(_DELETED)]
        return path

    @property
    def is_deleted(self) -> bool:
        """True for an object without a name any more, such as a working directory that is gone."""
        if self.stat.st_nlink:
            return False
        try:
            return os.readlink(self.name).endswith(_DELETED)
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                raise
            return True

    @property
    def is_anonymous(self) -> bool:
        """True for what has no path: pipes, sockets, memfds. Landlock does not restrict these."""
        path = self.path
        return not path.startswith("/") or (path.startswith("/memfd:") and not self.stat.st_nlink)

    @property
    def kind(self) -> int:
        """The type bits of the mode, for comparing with stat.S_IFREG and its like."""
        return stat.S_IFMT(self.stat.st_mode)


class Entry(NamedTuple):
    """A name in a directory, whether or not something has that name."""

    parent: Handle
    name: bytes
    """One component; a trailing slash of the caller is kept, since it has a meaning."""

    @property
    def path(self) -> str:
        return child(self.parent.path, os.fsdecode(self.name.rstrip(b"/")))

    def existing(self) -> Handle | None:
        """What has the name now, a symbolic link itself and not its target."""
        try:
            fd = openat2(self.parent.fd, self.name.rstrip(b"/"), LINK_FLAGS)
            return Handle(fd, place=self.path)
        except FileNotFoundError:
            return None

    def close(self) -> None:
        self.parent.close()

    def __enter__(self) -> Entry:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
