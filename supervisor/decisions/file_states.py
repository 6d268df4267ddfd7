"""Whether a file is another one by now, or has another content: without reading it."""

from __future__ import annotations

import os

from nono.broker.named_tuple import NamedTuple


class State(NamedTuple):
    """Enough to tell. A program cannot set the time of change (inode(7))."""

    device: int
    inode: int
    size: int
    modified: int
    changed: int


def state(path: str) -> State | None:
    """Of what is there itself, a link not followed; None when nothing is."""
    try:
        return of(os.lstat(path))
    except OSError:
        return None


def of(status: os.stat_result) -> State:
    """From what stat(2) says."""
    return State(
        status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
    )
