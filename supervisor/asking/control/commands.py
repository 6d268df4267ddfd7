"""Commands that nono itself starts during a run: none that the program inside may have written."""

from __future__ import annotations

import os

from nono.broker import Access, Allow, Open, Policy
from nono.broker.requests import NOBODY
from nono.broker.rules.paths import lineage
from nono.supervisor.places import canonical

_PLACES = ("/usr/local/bin", "/opt/homebrew/bin", "/usr/bin", "/bin")
"""Not PATH, which may begin in a project."""


def find_command(name: str, policy: Policy) -> str | None:
    """The canonical path of a command of the machine's; None where there is none to be trusted."""
    for place in _PLACES:
        path = canonical(os.path.join(place, name))
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return None if _may_be_written(path, policy) else path
    return None


def _may_be_written(path: str, policy: Policy) -> bool:
    """True where the program may change the file, or a directory on the way to it."""
    return any(
        isinstance(policy.decide(Open(NOBODY, each, Access.WRITE)), Allow) for each in lineage(path)
    )
