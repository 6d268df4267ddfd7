"""Whether a run starts where a project or a script has a profile of its own: most have none.

A project's is `[tool.nono]` of the pyproject.toml in the working directory, and in no other; a
script's is in its header (PEP 723) and comes before that. Nothing of them counts before a person
accepted it (`accepted.py`), and what was accepted counts only as long as the file says the same.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from nono.supervisor import looks
from nono.supervisor.places import state_directory
from nono.supervisor.planning.paths.workdir import ACCEPTED, PROJECT_FILE
from nono.supervisor.planning.program.scripts import script_of
from nono.supervisor.planning.projects.project_file import Found, bounded

_MENTION = b"nono"
_HEADER = b"# /// script"


def found_here(argv: Sequence[str], workdir: str, env: Mapping[str, str]) -> Found | None:
    """What a run of this command line in this directory is to go by; None for nothing.

    Raises UsageError for a file that may have something and cannot be understood.
    """
    script = script_of(argv, workdir) if argv else None
    project_file = os.path.join(workdir, PROJECT_FILE)
    is_known = looks.isdir(os.path.join(state_directory(env), ACCEPTED))
    if not is_known and not _mentions(project_file) and not _may_have(script):
        return None
    # What only a run with such a file needs is loaded only then.
    from nono.supervisor.planning.projects.projects import look

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
