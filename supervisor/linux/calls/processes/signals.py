"""Signals, for a kernel whose Landlock does not keep them inside (before ABI 6).

To the caller's own process: *continued*, since its number is in a register and cannot become
another's while the caller lives. To every other process of the sandbox: *performed on our copy*,
by a pidfd, which never comes to mean another process: it is opened first, the ancestry of its
number is looked at then, and the signal is for what it refers to. Nobody else gets one: EPERM, as
from Landlock. A process group gets it process by process, until none is left that has not had it.

Of a performed signal the receiver sees nono as the sender. One for a single thread of another
process is refused: such a thread has no pidfd before Linux 6.9.
Sources: kill(2), tgkill(2), rt_sigqueueinfo(2), pidfd_send_signal(2), fcntl(2), signal(7).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Callable

from nono.shims.linux import process
from nono.shims.linux.refused_arguments import FIOASYNC
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.errors import failure
from nono.supervisor.linux.calls.answers import CONTINUE, DONE, Answer
from nono.supervisor.linux.calls.call import Call, int32
from nono.supervisor.linux.calls.processes.scheduling import is_group
from nono.supervisor.linux.calls.resolving.caller import Caller
from nono.supervisor.linux.processes import descendants, group_of

_INT_BYTES = 4
_FLAGS_OF_ONE = 3
"""PIDFD_SIGNAL_THREAD and PIDFD_SIGNAL_THREAD_GROUP."""
_ANYBODY = -1
_NO_GROUP = -(1 << 31)
_MAX_ROUNDS = 64
"""How often a group is looked at again; one that still grows then is a fork bomb."""


def kill(call: Call, decisions: Decisions) -> Answer:
    """kill(2)."""
    target, number = int32(call.notification.a), int32(call.notification.b)
    if target > 0:
        return _to_process(call, target, number)
    if target == _NO_GROUP:
        raise failure(errno.ESRCH)
    return _to_many(call, target, number)


def tkill(call: Call, decisions: Decisions) -> Answer:
    """tkill(2)."""
    thread, number = int32(call.notification.a), int32(call.notification.b)
    if thread == call.caller.tid:
        return CONTINUE
    if thread <= 0:
        raise failure(errno.EINVAL)
    if process_of(thread) != call.caller.pid:
        return _to_thread(call, thread, thread, number)
    call.ensure_callers()
    process.tgkill(call.caller.pid, thread, number)
    return DONE


def tgkill(call: Call, decisions: Decisions) -> Answer:
    """tgkill(2)."""
    n = call.notification
    return _to_thread(call, int32(n.a), int32(n.b), int32(n.c))


def rt_sigqueueinfo(call: Call, decisions: Decisions) -> Answer:
    """rt_sigqueueinfo(2)."""
    n = call.notification
    target, number = int32(n.a), int32(n.b)
    if target == call.caller.pid:
        return CONTINUE
    return _to_process(call, target, number, call.bytes(n.c, process.SIGINFO_BYTES))


def rt_tgsigqueueinfo(call: Call, decisions: Decisions) -> Answer:
    """rt_tgsigqueueinfo(2)."""
    n = call.notification
    target, thread, number = int32(n.a), int32(n.b), int32(n.c)
    if target == call.caller.pid:
        return CONTINUE
    return _to_thread(call, target, thread, number, call.bytes(n.d, process.SIGINFO_BYTES))


def pidfd_send_signal(call: Call, decisions: Decisions) -> Answer:
    """pidfd_send_signal(2)."""
    n = call.notification
    if n.d & ~_FLAGS_OF_ONE:
        raise failure(errno.EINVAL)  # a whole group, which Linux 6.9 and newer take
    info = call.bytes(n.c, process.SIGINFO_BYTES) if n.c else b""
    pidfd = call.caller.duplicate(int32(n.a))
    try:
        pid = process.pidfd_pid(pidfd)
        if not pid:
            raise failure(errno.ESRCH)
        _require_own(call, pid)
        call.ensure_callers()
        process.pidfd_send_signal(pidfd, int32(n.b), info, int32(n.d))
    finally:
        os.close(pidfd)
    return DONE


def owner(call: Call, decisions: Decisions) -> Answer:
    """fcntl(2) with F_SETOWN: *continued* for the caller's own process, which it mostly is."""
    if int32(call.notification.c) != call.caller.pid:
        raise failure(errno.EPERM)
    return CONTINUE


def asynchronous(call: Call, decisions: Decisions) -> Answer:
    """fcntl(2) with O_ASYNC and ioctl(2) with FIOASYNC: *performed on our copy*.

    Not on a terminal: it would signal the process group in its foreground, and nono is in that.
    """
    n = call.notification
    is_ioctl = n.b & 0xFFFFFFFF == FIOASYNC
    wanted = call.bytes(n.c, _INT_BYTES) if is_ioctl else b""
    copy = call.caller.duplicate(int32(n.a))
    try:
        if os.isatty(copy):
            raise failure(errno.EPERM)
        call.ensure_callers()
        if is_ioctl:
            fcntl.ioctl(copy, FIOASYNC, wanted)
        else:
            fcntl.fcntl(copy, fcntl.F_SETFL, int32(n.c))
    finally:
        os.close(copy)
    return DONE


def process_of(thread: int) -> int:
    """The process that the thread is of; 0 when there is no such thread."""
    return Caller(thread, 0).pid


def _to_process(call: Call, target: int, number: int, info: bytes = b"") -> Answer:
    if target == call.caller.pid:
        return CONTINUE
    pid = process_of(target)  # a thread's number means its process
    if not pid:
        raise failure(errno.ESRCH)
    call.ensure_callers()
    _send(call, pid, number, info)
    return DONE


def _to_thread(call: Call, target: int, thread: int, number: int, info: bytes = b"") -> Answer:
    if target <= 0 or thread <= 0:
        raise failure(errno.EINVAL)
    if target == call.caller.pid:
        return CONTINUE
    if process_of(thread) != target:
        raise failure(errno.ESRCH)
    if thread != target:
        _require_own(call, target)
        raise failure(errno.EPERM)
    call.ensure_callers()
    _send(call, target, number, info)
    return DONE


def _to_many(call: Call, target: int, number: int) -> Answer:
    """A group, or with -1 everybody but the caller. The caller comes last: it may end by it."""
    ourselves = call.caller.pid
    if target == _ANYBODY:
        _send_to_each(call, lambda pid: pid != ourselves, number)
        return DONE
    group = -target or group_of(ourselves)
    is_in_it = group_of(ourselves) == group
    sent = _send_to_each(call, lambda pid: pid != ourselves and group_of(pid) == group, number)
    if is_in_it:
        _send(call, ourselves, number)
    elif not sent:
        raise failure(errno.EPERM if is_group(group) else errno.ESRCH)
    return DONE


def _send_to_each(call: Call, is_meant: Callable[[int], bool], number: int) -> int:
    """How many had it. Raises OSError: EINVAL for no signal."""
    seen: set[int] = set()
    had = 0
    for _ in range(_MAX_ROUNDS):
        pids = descendants(call.caller.init_pid)
        new = [pid for pid in pids if pid not in seen and is_meant(pid)]
        call.ensure_callers()
        for pid in new:
            seen.add(pid)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                _send(call, pid, number)
                had += 1
        if not new:
            break
    return had


def _send(call: Call, pid: int, number: int, info: bytes = b"") -> None:
    """Raises OSError: ESRCH when it is gone, EPERM when it is none of the sandbox's."""
    pidfd = process.pidfd_open(pid)
    try:
        _require_own(call, pid)
        # It still is the process that this was asked about: its number is free only once it has
        # been waited for, and then this fails.
        process.pidfd_send_signal(pidfd, 0)
        process.pidfd_send_signal(pidfd, number, info)
    finally:
        os.close(pidfd)


def _require_own(call: Call, pid: int) -> None:
    if not call.caller.owns(pid):
        raise failure(errno.EPERM)
