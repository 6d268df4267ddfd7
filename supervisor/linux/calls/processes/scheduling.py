"""Priorities, scheduling and limits: of the sandbox's own threads only.

The kernel asks for the same user and Landlock for nothing. Every argument that is decided on is a
register, which nobody can change afterwards: *continued* for a thread of the sandbox. A number
would have to become another thread's in the time of one answer, and the kernel hands out all the
others first (pid_max in proc_sys_kernel(5)). One that is nobody's yet may be the next one, so the
answer that there is nobody is ours.
"""

from __future__ import annotations

import errno
import os

from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.errors import failure
from nono.supervisor.linux.calls.answers import CONTINUE, Answer
from nono.supervisor.linux.calls.call import Call, int32

_IOPRIO_WHO_PROCESS, _IOPRIO_WHO_PGRP, _IOPRIO_WHO_USER = 1, 2, 3


def of_thread(call: Call, decisions: Decisions) -> Answer:
    """sched_setaffinity(2), sched_setattr(2), sched_setparam(2), sched_setscheduler(2)."""
    return _of(call, int32(call.notification.a))


def prlimit(call: Call, decisions: Decisions) -> Answer:
    """prlimit in getrlimit(2): *continued*; a limit is raised only as far as the kernel lets it."""
    return _of(call, int32(call.notification.a))


def setpriority(call: Call, decisions: Decisions) -> Answer:
    """setpriority in getpriority(2). The group and the user are more than the sandbox."""
    return _of_kind(call, os.PRIO_PROCESS, os.PRIO_PGRP, os.PRIO_USER)


def ioprio_set(call: Call, decisions: Decisions) -> Answer:
    """ioprio_set in ioprio_get(2)."""
    return _of_kind(call, _IOPRIO_WHO_PROCESS, _IOPRIO_WHO_PGRP, _IOPRIO_WHO_USER)


def _of_kind(call: Call, process: int, group: int, user: int) -> Answer:
    kind, who = int32(call.notification.a), int32(call.notification.b)
    if kind == process:
        return _of(call, who)
    if kind not in (group, user):
        raise failure(errno.EINVAL)
    if kind == group and not is_group(who):
        raise failure(errno.ESRCH)
    raise failure(errno.EPERM)


def _of(call: Call, thread: int) -> Answer:
    if thread > 0 and not call.caller.owns(thread):
        raise failure(errno.EPERM if os.path.exists(f"/proc/{thread}") else errno.ESRCH)
    return CONTINUE


def is_group(number: int) -> bool:
    """Whether anybody is in the process group; 0 is the caller's own."""
    if number <= 0:
        return number == 0
    try:
        os.killpg(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
