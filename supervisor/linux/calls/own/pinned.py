"""Objects that no handle and no time of birth tells apart for good: those on 9p before Linux 6.7.

Such an object is known by being held open without access (O_PATH). Its device and inode number are
nobody else's as long as it is there, and when it is gone ours has no link left.
"""

from __future__ import annotations

import os
import struct

from nono.supervisor.linux.calls.resolving.handles import HANDLE_FLAGS

PINNED = b"pinned"
"""What a mark begins with, before the numbers of the device and the inode."""
_MAX_PINNED = 256
"""Each costs a descriptor. Beyond it an object in a shared place is not the sandbox's."""


class Pinned:
    """Not thread-safe: its owner locks."""

    def __init__(self) -> None:
        self._held: dict[tuple[int, int], int] = {}

    def pin(self, fd: int) -> bytes | None:
        """Hold the object behind a descriptor; what it is known by, None beyond the bound."""
        if self.mark(fd) is None:
            self.drop(fd)  # what had the number before
            if len(self._held) >= _MAX_PINNED:
                return None
            status = os.fstat(fd)
            self._held[status.st_dev, status.st_ino] = os.open(f"/proc/self/fd/{fd}", HANDLE_FLAGS)
        return self.mark(fd)

    def mark(self, fd: int) -> bytes | None:
        """What the object is known by, if it is held."""
        status = os.fstat(fd)
        held = self._held.get((status.st_dev, status.st_ino))
        if held is None or not os.fstat(held).st_nlink:
            return None
        return PINNED + struct.pack("=QQ", status.st_dev, status.st_ino)

    def drop(self, fd: int) -> None:
        """Hold the object no longer, if it is held."""
        status = os.fstat(fd)
        held = self._held.pop((status.st_dev, status.st_ino), None)
        if held is not None:
            os.close(held)

    def close(self) -> None:
        for fd in self._held.values():
            os.close(fd)
        self._held = {}
