"""Making the directories that a profile opens and that are not there (planning/new_directories)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable

_DIRECTORY = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def make_directories(paths: Iterable[str]) -> None:
    """Make directories, by canonical paths, and what is missing above them, for their owner alone.

    No link is followed: what another run put in the place of a name since the plan was made leads
    nowhere. One that cannot be made is left to the program, which is told of it when it tries.
    """
    for path in paths:
        with contextlib.suppress(OSError), contextlib.ExitStack() as opened:
            here = os.open("/", _DIRECTORY)
            opened.callback(os.close, here)
            for name in path.strip("/").split("/"):
                with contextlib.suppress(FileExistsError):
                    os.mkdir(name, 0o700, dir_fd=here)
                here = os.open(name, _DIRECTORY, dir_fd=here)
                opened.callback(os.close, here)
