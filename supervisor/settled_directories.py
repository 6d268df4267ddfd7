"""Directories that hold the names that they held, known without listing them.

A file system notes in a directory when a name came, went or became another's, and no program can
write that time: ctime in inode(7). A directory that was left alone for a while when it was listed,
and has the same times now, holds what it held. So a start that was made of the names in a large
tree is known to be as good as one made now, and these are not looked at again.
"""

from __future__ import annotations

import time

from nono.supervisor.kinds_of_looks import ODD, times_of
from nono.supervisor.leaf_directories import devices_of

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from collections.abc import Callable

    from nono.supervisor.kinds_of_looks import Times

_TIMED = frozenset({"btrfs", "ext2", "ext3", "ext4", "tmpfs", "xfs"})
"""Others tell of a directory below (overlayfs), or what a server likes (NFS, FUSE)."""
_LEFT_ALONE_NANOSECONDS = 2_000_000_000
"""Times are of the kernel's last tick, or as whole as an old file system writes them: two changes
may have the same."""


class SettledDirectories:
    """By the mounts of this process when this was made."""

    def __init__(self, clock: Callable[[], int] = time.time_ns) -> None:
        self._devices = devices_of(_TIMED)
        self._clock = clock

    def times(self, path: str) -> Times | None:
        """Those of a directory that has been left alone for a while; None for any other.

        Names that are listed between two of these that are the same are those of that time.
        """
        try:
            found = times_of(path)
        except ODD:
            return None
        device, _, *changed = found
        is_settled = max(changed) + _LEFT_ALONE_NANOSECONDS < self._clock()
        return found if device in self._devices and is_settled else None
