"""What makes a protected `.git` a repository stays there under its name.

Without `HEAD`, `objects` or `refs` it is none to git, which then takes the directory that it lies
in for one, or a directory above. git itself puts a new `HEAD` in the place of the old one by a
rename; only that goes on. Where it is decided, `.git` holds what is refused, so that every change
of a name in it is *performed on our copy* and not continued.
"""

from __future__ import annotations

import os
import stat

from nono.broker import Deny, Operation, PathChange, Process, Subtree
from nono.broker.dataclass import replace
from nono.broker.rules.folding import folded_name
from nono.broker.rules.paths import child
from nono.broker.rules.rule import is_lifted
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.linux.calls.call import Call
from nono.supervisor.linux.calls.resolving.handles import Entry, Handle
from nono.supervisor.planning.projects.start_files import ORIGIN

_KEPT = frozenset({"head", "objects", "refs"})


def require_not_kept(call: Call, decisions: Decisions, operation: Operation, place: Entry) -> None:
    """Raise OSError (EPERM) when what is at a place makes a protected directory a repository."""
    require_kept_nowhere(decisions, call.caller, operation, place.path)


def require_kept_nowhere(
    decisions: Decisions, process: Process, operation: Operation, path: str
) -> None:
    """The same, of a canonical path, for whoever asks."""
    directory, name = os.path.split(path)
    if folded_name(name) not in _KEPT:
        return
    configuration = PathChange(process, Operation.UNLINK, child(directory, "config"))
    _, verdict = decisions.verdict(configuration)
    if not isinstance(verdict, Deny) or verdict.rule.origin != ORIGIN:
        return
    rule = replace(verdict.rule, pattern=Subtree(path))
    if not is_lifted(rule, path, decisions.policy.bypasses):
        decisions.refuse(PathChange(process, operation, path), replace(verdict, rule=rule))


def require_replaceable(call: Call, decisions: Decisions, place: Entry, source: Handle) -> None:
    """As `require_not_kept`, for what is to be replaced: by a plain file it may be."""
    if source.kind != stat.S_IFREG:
        require_not_kept(call, decisions, Operation.RENAME_TO, place)
