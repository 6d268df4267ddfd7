"""Processes of others are not there, as with the option hidepid of proc(5).

That they are can be seen, as stat(2) stays native; what they are cannot. So ps, top and psutil pass
them by, and there is nothing to tell a person.
"""

from __future__ import annotations

import errno

from nono.broker import Allow, Deny, Open, OriginKind
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.decisions.denials import ABSENT_PROCESS
from nono.supervisor.linux.calls.call import Call


def refuse_as_absent(call: Call, decisions: Decisions, request: Open) -> None:
    """Raise OSError for what is below /proc/N where N is no process of the sandbox's.

    Not where a rule speaks of it.
    """
    if request.own or not _is_of_other(call, request.path):
        return
    _, verdict = decisions.verdict(request)
    is_default = verdict.rule.origin.kind is OriginKind.DEFAULT
    if is_default and not isinstance(verdict, Allow):
        # Who lists processes opens `stat` first, and takes the one that has just ended for gone
        # only by ESRCH where stat(2) still finds the directory: psutil does.
        is_first = request.path.endswith("/stat")
        decisions.refuse(request, Deny(ABSENT_PROCESS, errno.ESRCH if is_first else errno.ENOENT))


def _is_of_other(call: Call, path: str) -> bool:
    if not path.startswith("/proc/"):
        return False
    words = path.split("/")[2:3]
    if not words[0].isdecimal():
        return False
    return not call.caller.owns(int(words[0]))
