"""Directories that no directory lies in, known without listing them.

Some file systems count the `..` of every directory in it among a directory's links, beside its name
and its `.`: where there are two links, there is none. So a walk through directories need not look
at the files in them, of which there are most. Sources: inode(7), and the kernel's fs/ext4/namei.c,
fs/xfs and mm/shmem.c; others count otherwise or not at all, as btrfs, overlayfs and FUSE do.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator

from nono.supervisor import looks
from nono.supervisor.descriptors import opened
from nono.supervisor.places import platform

_TABLE = "/proc/self/mountinfo"
_COUNTING = frozenset({"ext2", "ext3", "ext4", "tmpfs", "xfs"})
_LINKS = 2
_MAX_BYTES = 1 << 19
"""Of a directory that is believed. ext4 gives up counting at 65,000, with one link for good, and
shows two for an instant whenever one more is made; so many entries take more bytes than this."""


class LeafDirectories:
    """By the mounts of this process as they are now. A device's number may be another's later, so
    it is for one look."""

    def __init__(self, table: str = _TABLE) -> None:
        self._devices = devices_of(_COUNTING, table)

    def has(self, directory: str) -> bool:
        """Whether it certainly is one. Links are not followed."""
        try:
            return looks.device_of_leaf(directory, _LINKS, _MAX_BYTES) in self._devices
        except (OSError, ValueError):
            return False


def devices_of(kinds: Collection[str], table: str = _TABLE) -> frozenset[int]:
    """Those of the mounted file systems that are of some kinds; none where nothing tells."""
    if platform() != "linux":
        return frozenset()
    try:
        with open(table, encoding="utf-8", errors="surrogateescape", opener=opened) as file:
            return frozenset(_devices(file, kinds))
    except OSError:
        return frozenset()


def _devices(lines: Iterable[str], kinds: Collection[str]) -> Iterator[int]:
    for line in lines:
        fields, _, rest = line.partition(" - ")
        words = fields.split(" ")
        if len(words) > 4 and rest.split(" ", 1)[0] in kinds:
            major, _, minor = words[2].partition(":")
            yield os.makedev(int(major), int(minor))
