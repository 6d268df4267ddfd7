"""A file that may have a profile in it, a project's or a script's, and how it is read."""

from __future__ import annotations

import os
import stat

from nono.broker.named_tuple import NamedTuple
from nono.supervisor.descriptors import opened

MAX_BYTES = 256 * 1024
"""Of a file that is looked into."""
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class Project(NamedTuple):
    """A profile that was found in another file. `path` is canonical; `text` is its JSON."""

    path: str
    text: str

    @property
    def name(self) -> str:
        """What rules say that they come from."""
        return f"{self.path} [tool.nono]"


class Found(NamedTuple):
    """What a file has, and what was accepted of it; empty and None for nothing."""

    project: Project
    accepted: str | None

    @property
    def is_accepted(self) -> bool:
        """True when a run may go by it."""
        return self.accepted is not None and self.accepted == self.project.text


def bounded(path: str, follow: bool = False) -> tuple[bytes, bool]:
    """The beginning of a regular file, and whether that is all of it; nothing of anything else."""
    try:
        descriptor = opened(path, _OPEN & ~os.O_NOFOLLOW if follow else _OPEN)
    except (OSError, ValueError):
        return b"", True
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return b"", True
        with open(descriptor, "rb", closefd=False) as file:
            data = file.read(MAX_BYTES + 1)
    except OSError:
        return b"", True
    finally:
        os.close(descriptor)
    return data[:MAX_BYTES], len(data) <= MAX_BYTES
