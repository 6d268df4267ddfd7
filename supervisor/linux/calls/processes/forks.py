"""Calls that make a process or a thread, where their number has a limit and no control group holds
it: *continued because the floor holds*, once they are counted.

What decides is a register of the caller's (the flags) and a number of ours. clone3 is not there.
Without a limit the kernel does these calls and nobody hears of them.
"""

from __future__ import annotations

from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.linux.calls.answers import CONTINUE, Answer, Retry
from nono.supervisor.linux.calls.call import Call


def fork(call: Call, decisions: Decisions) -> Answer:
    """fork(2): *continued*, or refused with EAGAIN, as the kernel does at RLIMIT_NPROC."""
    return counted(call)


def vfork(call: Call, decisions: Decisions) -> Answer:
    """vfork(2): *continued*, as fork."""
    return counted(call)


def counted(call: Call) -> Answer:
    """The answer to a call that makes a process or a thread, and is allowed."""
    forks = call.own.forks
    if forks is None:
        return CONTINUE
    tid = call.notification.tid
    answer = forks.answer(tid)
    return Retry(lambda: forks.answer(tid), lambda: None) if answer is None else answer
