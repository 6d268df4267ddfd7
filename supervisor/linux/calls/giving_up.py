"""Calls by which a program gives up rights: *continued because the floor holds*, and remembered.

Whatever their arguments become, the kernel gives nothing by them: see `own_restrictions.py`.
"""

from __future__ import annotations

import errno
import resource

from nono.shims.linux.refused_arguments import CLONE_NEW, CLONE_PARENT, PR_SET_DUMPABLE
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.errors import failure
from nono.supervisor.linux.calls.answers import CONTINUE, DONE, Answer
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


def prctl(call: Call, decisions: Decisions) -> Answer:
    """prctl(2) with PR_SET_CHILD_SUBREAPER: orphans below the caller become its children.

    With PR_SET_DUMPABLE *performed on our copy*: `_stay_readable`.
    """
    if int32(call.notification.a) == PR_SET_DUMPABLE:
        return _stay_readable(call)
    call.restrictions.note_reaper(call.caller)
    return CONTINUE


def _stay_readable(call: Call) -> Answer:
    """Success, and no more of its effect than that the process leaves no core: core(5).

    Agents with keys close their memory to others so. It would be closed to us as well, and every
    call whose arguments lie there would fail. Nobody inside may trace or read another process
    anyway, but for /proc/PID/mem of the sandbox's own, and outside it counts as any program.
    """
    if call.notification.b:
        return CONTINUE  # not 0 in all its bits: EINVAL
    call.ensure_callers()
    pid = call.caller.pid
    _, hard = resource.prlimit(pid, resource.RLIMIT_CORE)
    # 1 keeps a program that gets cores through a pipe from them, which 0 does not.
    soft = 1 if hard == resource.RLIM_INFINITY else min(hard, 1)
    resource.prlimit(pid, resource.RLIMIT_CORE, (soft, hard))
    return DONE


def clone(call: Call, decisions: Decisions) -> Answer:
    """clone(2): *refused* with CLONE_NEW*; with CLONE_PARENT where the child would seem another's.

    Its flags are in a register. (clone3 is not there.) Where processes have a limit, every one is
    counted: `forks.py`.
    """
    flags = call.notification.a
    if flags & CLONE_NEW:
        return forbidden(call, decisions)
    if flags & CLONE_PARENT and call.restrictions.has_restricted(call.caller):
        raise failure(errno.EPERM)
    if call.own.forks is None:
        return CONTINUE
    # What only a run with such a limit needs is loaded only then.
    from nono.supervisor.linux.calls.processes.forks import counted

    return counted(call)
