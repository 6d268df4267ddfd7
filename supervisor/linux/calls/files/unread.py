"""Calls of a program whose memory is closed to us: an executable that may be run and not read.

The kernel lets nobody look into such a process (execve(2), ptrace(2)), so what its arguments point
to cannot be read. What Landlock asks about is *continued because the floor holds*, whatever the
arguments are: a program that may be read gets no less, since it may change them while it waits for
the kernel to go on. Flags and modes that Landlock does not look at are in registers, and the same
are refused as elsewhere. Where a pattern refuses to read names that may be made later, opens are
not continued: the floor does not know such names, and without us there would be no race to win.

Everything else is refused and told of. What the kernel refuses by itself nobody hears of; the
report says so. The audit has nothing of what is continued; where all calls are to be seen, nothing
is continued.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable

from nono.broker import Forbidden
from nono.broker.explaining.forbidden import unreadable
from nono.broker.policy.policy import NEVER_ALLOWED
from nono.broker.verdicts import Deny
from nono.shims.linux.at import AT_SYMLINK_FOLLOW
from nono.shims.linux.notify import Notification
from nono.shims.linux.rename import RENAME_EXCHANGE, RENAME_NOREPLACE
from nono.shims.linux.syscall_classes import machine, name
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.linux.calls.answers import CONTINUE, Answer, Fail
from nono.supervisor.linux.calls.call import int32
from nono.supervisor.linux.calls.files import set_id
from nono.supervisor.linux.calls.files.open_flags import floor_checks, makes_set_id
from nono.supervisor.linux.calls.resolving.caller import Caller
from nono.supervisor.linux.processes import read_bounded

_CLOSED = {errno.EACCES, errno.EPERM}
_MAX_STATUS = 8192
_DEVICES = {stat.S_IFCHR, stat.S_IFBLK}
_RENAMES = {0, RENAME_NOREPLACE, RENAME_EXCHANGE}

_ALWAYS_HELD = {
    *("mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "rename", "renameat"),
    *("link", "symlink", "symlinkat", "execve", "execveat", "sendto"),
}
_HELD_BY_REGISTERS: dict[str, Callable[[Notification], bool]] = {
    "renameat2": lambda n: int32(n.e) in _RENAMES,
    "linkat": lambda n: int32(n.e) in (0, AT_SYMLINK_FOLLOW),
    "mknod": lambda n: _makes_no_device(n.b),
    "mknodat": lambda n: _makes_no_device(n.c),
}
_OPENS: dict[str, Callable[[Notification], bool]] = {
    "open": lambda n: floor_checks(n.b) and not makes_set_id(n.b, n.c),
    "openat": lambda n: floor_checks(n.c) and not makes_set_id(n.c, n.d),
    "creat": lambda n: not makes_set_id(os.O_CREAT, n.b),
}
_DONE_WITHOUT = frozenset({"openat2", "getxattr", "lgetxattr", "getxattrat"})
"""Programs do it another way when the kernel does not have them."""


def instead_of(error: OSError, notification: Notification, decisions: Decisions) -> Answer:
    """The answer to a call whose handler failed. That is its error, for any other program."""
    number = error.errno or errno.EACCES
    if number not in _CLOSED or not _is_closed(notification.tid):
        return Fail(number)
    made = name(machine(), notification.number) or str(notification.number)
    program = _name_of(notification.tid)
    if _is_held(made, notification, decisions):
        decisions.denials.note_unread(program)
        return CONTINUE
    if made in _DONE_WITHOUT:
        return Fail(errno.ENOSYS)
    request = Forbidden(Caller(notification.tid, 0), unreadable(made, program))
    try:
        decisions.refuse(request, Deny(NEVER_ALLOWED, errno.EPERM))
    except OSError as refused:
        return Fail(refused.errno or errno.EPERM)


def _is_held(made: str, notification: Notification, decisions: Decisions) -> bool:
    if decisions.witness is not None and decisions.witness.every_call:
        return False
    if made in _OPENS:
        return not decisions.refuses_names and _OPENS[made](notification)
    held = _HELD_BY_REGISTERS.get(made)
    return made in _ALWAYS_HELD if held is None else held(notification)


def _makes_no_device(mode: int) -> bool:
    mode &= 0xFFFF
    return stat.S_IFMT(mode) not in _DEVICES and not set_id.gives(mode)


def _is_closed(tid: int) -> bool:
    try:
        os.readlink(f"/proc/{tid}/exe")
    except PermissionError:
        return True
    except OSError:
        return False
    return False


def _name_of(tid: int) -> str:
    """What the program calls itself, which is all that can be seen: proc_pid_comm(5)."""
    try:
        return os.fsdecode(read_bounded(f"/proc/{tid}/comm", _MAX_STATUS).rstrip(b"\n"))
    except OSError:
        return ""
