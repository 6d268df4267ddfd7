"""A path as the kernel itself has it: every link followed, and each name in its own spelling.

Rules are compared with that one. realpath(3) keeps how a name was typed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os

_F_GETPATH = 50
_MAX_PATH = 1024
"""MAXPATHLEN, which fcntl(2) fills."""
_O_EVTONLY = 0x8000
"""Only to look at: no right to read is needed, and nothing is kept busy."""


def kernel_path(path: str) -> str:
    """The path of the object that is there. Raises OSError."""
    fd = os.open(path, _O_EVTONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        answer = fcntl.fcntl(fd, _F_GETPATH, bytes(_MAX_PATH))
    finally:
        os.close(fd)
    return os.fsdecode(answer.split(b"\0", 1)[0])


def nearest_kernel_path(path: str) -> str:
    """The same for an absolute path whose last names may not be there: those stay as they are."""
    missing: list[str] = []
    while True:
        with contextlib.suppress(OSError):
            found = kernel_path(path)
            return os.path.join(found, *reversed(missing))
        if path == "/":
            return os.path.join(path, *reversed(missing))
        path, name = os.path.split(path)
        missing.append(name)
