"""The path of a directory that is longer than the kernel tells: path_resolution(7), PATH_MAX.

It is reached by short names, one after the other, and its own path is put together the other way:
up, by `..`, to where the kernel tells it, with the name that each directory has in the one above.
"""

from __future__ import annotations

import errno
import os
from itertools import islice

from nono.supervisor.errors import failure

_UP = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_MAX_LEVELS = 1024
_MAX_NAMES = 10_000


def long_path(fd: int) -> str:
    """Raises OSError: ENAMETOOLONG for what is deeper, or in a directory with more names.

    A directory that is moved meanwhile has a path that it had, as from the kernel.
    """
    names: list[str] = []
    current = os.dup(fd)
    try:
        for _ in range(_MAX_LEVELS):
            above = os.open("..", _UP, dir_fd=current)
            status = os.fstat(current)
            os.close(current)
            current = above
            names.append(_name_in(above, status))
            top = _told(above)
            if top:
                return "/".join([top, *reversed(names)])
    finally:
        os.close(current)
    raise failure(errno.ENAMETOOLONG)


def _name_in(directory: int, status: os.stat_result) -> str:
    """The name of what has this status. Raises OSError when none is found."""
    with os.scandir(directory) as entries:
        below = [e for e in islice(entries, _MAX_NAMES) if e.is_dir(follow_symlinks=False)]
        # What a directory says of its entries is another number on some file systems.
        below.sort(key=lambda each: each.inode() != status.st_ino)
        for each in below:
            if os.path.samestat(each.stat(follow_symlinks=False), status):
                return each.name
    raise failure(errno.ENAMETOOLONG)


def _told(directory: int) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{directory}")
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        return ""
