"""Whether somebody holds a file locked, by which a process that has ended is told from one that has
not: flock(2)."""

from __future__ import annotations

import fcntl
import os


def is_locked(path: str, directory: int | None = None) -> bool:
    """True while another open file has the file locked; a link is not followed. Raises OSError.

    `directory` is a descriptor that a relative path starts from.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    fd = os.open(path, flags, dir_fd=directory)
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False
