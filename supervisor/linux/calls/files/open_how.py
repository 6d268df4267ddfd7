"""openat2: its flags lie in the caller's memory, so it is never continued.

Another thread may write over them once they are read. A kernel that continued an O_PATH open would
then meet access mode 3, for which Landlock asks no right: a descriptor of any file. So every
openat2 is *performed on our copy* or refused, inside the floor too. One with O_PATH is refused,
since the kernel hands no such descriptor over (EBADF of SECCOMP_IOCTL_NOTIF_ADDFD): with ENOSYS,
upon which programs do with openat(2) what they do on Linux before 5.6. See openat2(2), open(2).
"""

from __future__ import annotations

import errno
import os

from nono.shims.linux.openat2 import HOW_SIZE, RESOLVE_CACHED, unpack_how
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.errors import failure
from nono.supervisor.linux.calls.answers import Answer
from nono.supervisor.linux.calls.call import Call, dirfd
from nono.supervisor.linux.calls.files.open_flags import OPEN_FLAGS, Arguments, ensure_flags
from nono.supervisor.linux.calls.files.opens import open_as

_O_TMPFILE_BIT = 0o20000000
_VALID_RESOLVE = 0x3F
_MAX_HOW = 4096


def openat2(call: Call, decisions: Decisions) -> Answer:
    """openat2(2): *performed on our copy*."""
    wanted = _arguments(call)
    if wanted.flags & os.O_PATH:
        raise failure(errno.ENOSYS)
    return open_as(call, decisions, wanted)


def _arguments(call: Call) -> Arguments:
    """Copied once. What a newer kernel would put behind the structure is not taken."""
    n = call.notification
    if n.d < HOW_SIZE:
        raise failure(errno.EINVAL)
    if n.d > _MAX_HOW:
        raise failure(errno.E2BIG)
    data = call.bytes(n.c, n.d)
    if any(data[HOW_SIZE:]):
        raise failure(errno.E2BIG)
    flags, mode, resolve = unpack_how(data[:HOW_SIZE])
    makes = flags & (os.O_CREAT | _O_TMPFILE_BIT)
    if flags & ~OPEN_FLAGS or resolve & ~_VALID_RESOLVE or mode & ~0o7777 or (mode and not makes):
        raise failure(errno.EINVAL)
    ensure_flags(flags)
    if resolve & RESOLVE_CACHED and (makes or flags & os.O_TRUNC):
        raise failure(errno.EAGAIN)
    return Arguments(dirfd(n.a), call.path(n.b), flags, mode, resolve, in_memory=True)
