"""Making the directories that a profile opens and that are not there (planning/new_directories)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Sequence

from nono.supervisor.places import HANDLE

DIRECTORY = HANDLE | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def make_directories(paths: Iterable[str]) -> None:
    """Make directories, by canonical paths, and what is missing above them, for their owner alone.

    No link is followed: what another run put in the place of a name since the plan was made leads
    nowhere. One that cannot be made is left to the program, which is told of it when it tries.
    """
    root = os.open("/", DIRECTORY)
    try:
        for path in paths:
            make_below(root, path.strip("/").split("/"))
    finally:
        os.close(root)


def make_below(parent: int, names: Sequence[str]) -> None:
    """Make directories below each other, as far as nothing else is in their place."""
    with contextlib.suppress(OSError):
        with contextlib.suppress(FileExistsError):
            os.mkdir(names[0], 0o700, dir_fd=parent)
        if names[1:]:
            fd = os.open(names[0], DIRECTORY, dir_fd=parent)
            try:
                make_below(fd, names[1:])
            finally:
                os.close(fd)
