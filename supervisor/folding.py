"""Whether a directory takes names for the same that differ in case, as the file system shows it.

Sources: ioctl_iflags(2), and the kernel's Documentation/filesystems (ext4, tmpfs).
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from collections.abc import Sequence
from itertools import islice

_NONE_LEFT = (errno.EMFILE, errno.ENFILE)
_HANDLE = getattr(os, "O_PATH", os.O_RDONLY)
_TO_LIST = os.O_RDONLY | os.O_DIRECTORY | os.O_NONBLOCK | os.O_CLOEXEC
_FS_IOC_GETFLAGS = 0x80086601
_FS_CASEFOLD_FL = 0x40000000
_MAX_ENTRIES = 64


def folds(directory: str, names: Sequence[str] | None = None) -> bool | None:
    """Whether names in a directory fold, as these tell, or else what is in it; None where it is not
    there or nothing tells. Raises OSError where no descriptor is left."""
    try:
        fd = os.open(
            directory, _TO_LIST if names is None else _HANDLE | os.O_DIRECTORY | os.O_CLOEXEC
        )
    except OSError as error:
        if error.errno in _NONE_LEFT:
            raise
        return None
    try:
        if names is not None:
            return _tells(fd, names, are_all=False)
        if _is_flagged(fd):
            return True
        with os.scandir(fd) as entries:
            some = [entry.name for entry in islice(entries, _MAX_ENTRIES)]
        return _tells(fd, some, are_all=len(some) < _MAX_ENTRIES)
    except OSError:
        return None
    finally:
        os.close(fd)


def is_exact(directory: str) -> bool:
    """Whether the directory says itself that it does not fold.

    Raises OSError where no descriptor is left.
    """
    try:
        fd = os.open(directory, _TO_LIST | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno in _NONE_LEFT:
            raise
        return False
    try:
        return not flags(fd) & _FS_CASEFOLD_FL
    except OSError:
        return False
    finally:
        os.close(fd)


def _is_flagged(fd: int) -> bool:
    try:
        return bool(flags(fd) & _FS_CASEFOLD_FL)
    except OSError:
        return False


def flags(fd: int) -> int:
    """What ioctl_iflags(2) tells of a file. Raises OSError where the file system has none."""
    (flags,) = struct.unpack_from("=I", fcntl.ioctl(fd, _FS_IOC_GETFLAGS, bytes(8)))
    return int(flags)


def _tells(fd: int, names: Sequence[str], are_all: bool) -> bool | None:
    """Whether a name with a letter is found by another spelling; `are_all` in the directory.

    FUSE may give each spelling a number of its own: then it tells that only one of them is listed.
    """
    for name in names:
        other = name.swapcase()
        if other == name or not name.isascii():
            continue
        try:
            spelled = os.stat(name, dir_fd=fd, follow_symlinks=False)
        except OSError:
            continue
        try:
            found = os.stat(other, dir_fd=fd, follow_symlinks=False)
        except OSError:
            return False
        if os.path.samestat(spelled, found):
            return True
        if are_all or other in names:
            return other not in names
    return None
