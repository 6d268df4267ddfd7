"""Whether a run starts where a project or a script has a profile of its own: most have none.

A project's is `[tool.nono]` of the pyproject.toml in the working directory, and in no other; a
script's is in its header (PEP 723) and comes before that. Nothing of them counts before a person
accepted it (`accepted.py`), and what was accepted counts only as long as the file says the same.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence

from nono.broker.named_tuple import NamedTuple
from nono.supervisor.places import state_directory
from nono.supervisor.planning.scripts import script_of

PROJECT_FILE = "pyproject.toml"
ACCEPTED = "accepted"
"""The name of the directory in nono's state."""
MAX_BYTES = 256 * 1024
"""Of a file that is looked into."""
_MENTION = b"nono"
_HEADER = b"# /// script"
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


def found_here(argv: Sequence[str], workdir: str, env: Mapping[str, str]) -> Found | None:
    """What a run of this command line in this directory is to go by; None for nothing.

    Raises UsageError for a file that may have something and cannot be understood.
    """
    script = script_of(argv, workdir) if argv else None
    project_file = os.path.join(workdir, PROJECT_FILE)
    is_known = os.path.isdir(os.path.join(state_directory(env), ACCEPTED))
    if not is_known and not _mentions(project_file) and not _may_have(script):
        return None
    # What only a run with such a file needs is loaded only then.
    from nono.supervisor.planning.projects import look

    if script is not None and (found := look(script, env)) is not None:
        return found
    return look(project_file, env)


def _may_have(script: str | None) -> bool:
    if script is None:
        return False
    data, _ = bounded(script, follow=True)
    return _HEADER in data and _MENTION in data


def _mentions(path: str) -> bool:
    """Also of one that a link leads to: what that has is refused, and not passed over."""
    return _MENTION in bounded(path, follow=True)[0]


def bounded(path: str, follow: bool = False) -> tuple[bytes, bool]:
    """The beginning of a regular file, and whether that is all of it; nothing of anything else."""
    try:
        descriptor = os.open(path, _OPEN & ~os.O_NOFOLLOW if follow else _OPEN)
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
