"""flock and leases: what makes others wait for a file, through a descriptor open for reading only.

Landlock has no right for these. The filter lets through what only reads (LOCK_SH, which everybody
who reads may hold) and what gives up; an exclusive lock and a lease need WRITE on the file, or a
descriptor that is open for writing. They are *performed on our copy* of the descriptor, which is
the caller's own open file, so the lock is the caller's and goes when it closes its own. No Landlock
domain of the program's own speaks of them either, so they are performed in every one.
An exclusive lock so costs a round trip; where it has to wait, somebody who gives it up is noticed
within 50 ms. Locks of fcntl(2) that exclude need a writable descriptor and stay native.
Sources: flock(2), fcntl(2) on leases.
"""

from __future__ import annotations

import errno
import fcntl
import os

from nono.broker import Access, Forbidden, Metadata
from nono.shims.linux.process import copies_descriptors
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.errors import failure
from nono.supervisor.linux.calls.answers import DONE, Answer, Retry
from nono.supervisor.linux.calls.call import Call, int32
from nono.supervisor.linux.calls.files.open_flags import held_access
from nono.supervisor.linux.calls.resolving.handles import Handle
from nono.supervisor.linux.calls.resolving.resolve import descriptor


def flock(call: Call, decisions: Decisions) -> Answer:
    """flock(2) with LOCK_EX: *performed on our copy*."""
    operation = int32(call.notification.b)
    if operation & ~fcntl.LOCK_NB != fcntl.LOCK_EX:
        raise failure(errno.EINVAL)
    target = _target(call, decisions, "flock")
    answer: Answer | None = None
    try:
        answer = _lock(target)
        if answer is None:
            if operation & fcntl.LOCK_NB:
                raise failure(errno.EWOULDBLOCK)
            answer = Retry(lambda: _lock(target), target.close)
    finally:
        if not isinstance(answer, Retry):  # which still needs it
            target.close()
    return answer


def _lock(target: Handle) -> Answer | None:
    """None while somebody else has it."""
    try:
        fcntl.flock(target.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return None
    return DONE


def lease(call: Call, decisions: Decisions) -> Answer:
    """fcntl(2) with F_SETLEASE, but for F_UNLCK: *performed on our copy*."""
    kind = int32(call.notification.c)
    if kind not in (fcntl.F_RDLCK, fcntl.F_WRLCK):
        raise failure(errno.EINVAL)
    holder = call.caller.pid
    with _target(call, decisions, "lease") as target:
        # Whoever sets a lease is told when it is wanted back, unless somebody else is to be.
        if not fcntl.fcntl(target.fd, fcntl.F_GETOWN):
            fcntl.fcntl(target.fd, fcntl.F_SETOWN, holder)
        fcntl.fcntl(target.fd, fcntl.F_SETLEASE, kind)
    return DONE


def _target(call: Call, decisions: Decisions, operation: str) -> Handle:
    """The caller's open file, which may be held. Raises OSError, and leaves nothing open then."""
    if not copies_descriptors():
        # Both are the open file's, of which there is no copy. Programs that can do without go on.
        if operation == "lease":
            raise failure(errno.EAGAIN)
        decisions.require(Forbidden(call.caller, operation))
    target = descriptor(call.caller, int32(call.notification.a))
    try:
        held = target.held or 0
        if held & os.O_PATH:
            raise failure(errno.EBADF)
        if not target.is_anonymous and Access.WRITE not in held_access(held):
            own = call.own.is_own(call.caller, target)
            decisions.require(Metadata(call.caller, operation, target.path, own))
        call.ensure_callers()
    except BaseException:
        target.close()
        raise
    return target
