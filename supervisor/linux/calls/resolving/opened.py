"""What the caller has open, by the number of its descriptor: a handle of ours.

Mostly a copy of the caller's own open file (pidfd_getfd). Where a container refuses that call it
is a handle of the object alone, by /proc/TID/fd/N: one step as well, so that what is decided on is
what is then changed or opened, whatever another thread makes of the number meanwhile. With which
access the caller has it open is *not* known there: /proc says it only in a second look, at what may
be another file by then. So it counts for nothing, and the policy decides by the path.
"""

from __future__ import annotations

import errno
import fcntl
import os

from nono.shims.linux.process import copies_descriptors
from nono.supervisor.errors import failure
from nono.supervisor.linux.calls.resolving.caller import Caller
from nono.supervisor.linux.calls.resolving.handles import HANDLE_FLAGS, Handle


def opened(caller: Caller, fd: int) -> Handle:
    """A handle of what the caller's descriptor `fd` refers to. Raises OSError (EBADF)."""
    if copies_descriptors():
        copy = caller.duplicate(fd)
        return Handle(copy, fcntl.fcntl(copy, fcntl.F_GETFL))
    try:
        # O_PATH if the caller says so, which gives it nothing.
        given_up = caller.flags_of(fd) & os.O_PATH or None
        return Handle(os.open(f"/proc/{caller.tid}/fd/{fd}", HANDLE_FLAGS), given_up)
    except FileNotFoundError:
        raise failure(errno.EBADF) from None
