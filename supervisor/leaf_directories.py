"""Directories that no directory lies in, known without listing them.

Some file systems count the `..` of every directory in it among a directory's links, beside its name
and its `.`: where there are two links, there is none. So a walk through directories need not look
at the files in them, of which there are most. Sources: inode(7), and the kernel's fs/ext4/namei.c,
fs/xfs and mm/shmem.c; others count otherwise or not at all, as btrfs, overlayfs and FUSE do.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

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
        self._devices = frozenset(_devices(table)) if platform() == "linux" else frozenset()

    def has(self, directory: str) -> bool:
        """Whether it certainly is one. Links are not followed."""
        try:
            return looks.device_of_leaf(directory, _LINKS, _MAX_BYTES) in self._devices
        except (OSError, ValueError):
            return False


def _devices(table: str) -> Iterator[int]:
    """Of the file systems that count."""
    try:
        with open(table, encoding="utf-8", errors="surrogateescape", opener=opened) as file:
            yield from _counting(file)
    except OSError:
        return


def _counting(lines: Iterable[str]) -> Iterator[int]:
    for line in lines:
        fields, _, rest = line.partition(" - ")
        words = fields.split(" ")
        if len(words) > 4 and rest.split(" ", 1)[0] in _COUNTING:
            major, _, minor = words[2].partition(":")
            yield os.makedev(int(major), int(minor))
