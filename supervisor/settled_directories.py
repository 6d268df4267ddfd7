"""Directories that hold the names that they held, known without listing them.

A file system notes in a directory when a name came, went or became another's, and no program can
write that time: ctime in inode(7). A directory that was left alone for a while when it was listed,
and has the same times now, holds what it held. So a start that was made of the names in a large
tree is known to be as good as one made now, and these are not looked at again.
"""

from __future__ import annotations

import errno
import os
import time

from nono.supervisor.folding import flags
from nono.supervisor.kinds_of_looks import KINDS, ODD, times_of
from nono.supervisor.leaf_directories import devices_of

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from collections.abc import Callable

    from nono.supervisor.kinds_of_looks import Times

_TIMED = frozenset({"btrfs", "ext2", "ext3", "ext4", "tmpfs", "xfs"})
"""Others tell of a directory below (overlayfs), or what a server likes (NFS, FUSE)."""
_TO_LIST = os.O_RDONLY | os.O_DIRECTORY | os.O_NONBLOCK | os.O_CLOEXEC
_LEFT_ALONE_NANOSECONDS = 2_000_000_000
"""Times are of the kernel's last tick, or as whole as an old file system writes them: two changes
may have the same."""


_FS_ENCRYPT_FL = 0x00000800
"""Of a directory whose names are others, at the same times, while its key is not there (fscrypt in
the kernel's Documentation/filesystems)."""


class SettledDirectories:
    """By the mounts of this process when this was made."""

    def __init__(self, clock: Callable[[], int] = time.time_ns) -> None:
        self._devices = devices_of(_TIMED)
        self._clock = clock

    def times(self, path: str, kind: str, text: str) -> Times | None:
        """Those of a directory that has been left alone for a while, and in which a look of this
        kind finds what it found; None for any other.

        What was found before by its path may be another's, which was there for an instant.
        """
        try:
            fd = os.open(path, _TO_LIST)
        except ODD:
            return None
        try:
            before = times_of(fd)
            look, told = KINDS[kind]
            is_it = self._is_settled(fd, before) and told(look(fd)) == text
            return before if is_it and times_of(fd) == before else None
        except ODD:
            return None
        finally:
            os.close(fd)

    def _is_settled(self, fd: int, times: Times) -> bool:
        """Raises OSError."""
        device, _, *changed = times
        is_left = max(changed) + _LEFT_ALONE_NANOSECONDS < self._clock()
        return is_left and device in self._devices and not _is_encrypted(fd)


def _is_encrypted(fd: int) -> bool:
    try:
        return bool(flags(fd) & _FS_ENCRYPT_FL)
    except OSError as error:
        if error.errno == errno.ENOTTY:  # a file system without flags
            return False
        raise
