"""Priorities and scheduling: of the sandbox's own threads only.

The kernel asks for the same user and Landlock for nothing. Every argument that is decided on is a
register, which nobody can change afterwards: *continued* for a thread of the sandbox. A number
would have to become another thread's in the time of one answer, and the kernel hands out all the
others first (pid_max in proc_sys_kernel(5)).
"""

from __future__ import annotations

import errno
import os

from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.errors import failure
from nono.supervisor.linux.calls.answers import CONTINUE, Answer
from nono.supervisor.linux.calls.call import Call, int32

_IOPRIO_WHO_PROCESS = 1


def of_thread(call: Call, decisions: Decisions) -> Answer:
    """sched_setaffinity(2), sched_setattr(2), sched_setparam(2), sched_setscheduler(2)."""
    return _of(call, int32(call.notification.a))


def setpriority(call: Call, decisions: Decisions) -> Answer:
    """setpriority in getpriority(2). The group and the user are more than the sandbox."""
    return _of_kind(call, os.PRIO_PROCESS)


def ioprio_set(call: Call, decisions: Decisions) -> Answer:
    """ioprio_set in ioprio_get(2)."""
    return _of_kind(call, _IOPRIO_WHO_PROCESS)


def _of_kind(call: Call, process: int) -> Answer:
    if int32(call.notification.a) != process:
        raise failure(errno.EPERM)
    return _of(call, int32(call.notification.b))


def _of(call: Call, thread: int) -> Answer:
    if thread > 0 and not call.caller.owns(thread):
        raise failure(errno.EPERM)
    return CONTINUE
