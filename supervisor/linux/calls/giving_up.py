"""Calls by which a program gives up rights: *continued because the floor holds*, and remembered.

Whatever their arguments become, the kernel gives nothing by them: see `own_restrictions.py`.
"""

from __future__ import annotations

import errno

from nono.shims.linux.refused_arguments import CLONE_NEW
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.errors import failure
from nono.supervisor.linux.calls.answers import CONTINUE, Answer
from nono.supervisor.linux.calls.call import Call, int32
from nono.supervisor.linux.calls.forbidden import forbidden


def landlock_restrict_self(call: Call, decisions: Decisions) -> Answer:
    """landlock_restrict_self(2). Without a ruleset it restricts nobody, or has no effect."""
    if int32(call.notification.a) >= 0:
        call.restrictions.mark(call.caller)
    return CONTINUE


def capset(call: Call, decisions: Decisions) -> Answer:
    """capset in capget(2): no_new_privs and the bounding set hold."""
    call.restrictions.note_capabilities()
    return CONTINUE


def become_reaper(call: Call, decisions: Decisions) -> Answer:
    """prctl(2) with PR_SET_CHILD_SUBREAPER: orphans below the caller become its children."""
    call.restrictions.note_reaper(call.caller)
    return CONTINUE


def clone(call: Call, decisions: Decisions) -> Answer:
    """clone(2): *refused* with CLONE_NEW*; with CLONE_PARENT where the child would seem another's.

    Its flags are in a register. (clone3 is not there.)
    """
    if call.notification.a & CLONE_NEW:
        return forbidden(call, decisions)
    if call.restrictions.has_restricted(call.caller):
        raise failure(errno.EPERM)
    return CONTINUE
