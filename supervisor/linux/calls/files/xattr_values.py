"""getxattr, lgetxattr, getxattrat: the values of extended attributes, by path.

They are content, which Landlock does not know: read with the right to read the file, and always
*performed on our copy*, since path and name lie in memory. So the value has to be written into the
caller's memory, the one place where we do that, and only where the caller named a buffer:

1. /proc/TID/mem is opened; 2. the caller is seen to wait still, so it is its own memory that was
opened; 3. the value, of 64 KiB at the most and not more than the caller asked for, goes there.
Where the kernel forbids 1 (proc_mem.restrict_write, a process that is not dumpable), the file is
said to have no attributes (EOPNOTSUPP).

What says who may use a file, and not what is in it, is shown of every file, as by stat(2): access
lists and labels. `ls -l` asks for these. The names of all attributes are shown (listxattr), and
fgetxattr is native: a descriptor without access does not do for it (EBADF); one that is open for
writing only does, so that whoever writes a file may see its attributes.
Sources: getxattr(2), xattr(7), linux/xattr.h for getxattrat, Linux 6.13.
"""

from __future__ import annotations

import errno
import os

from nono.broker import Access, Open
from nono.shims.linux.memory_writing import MemoryOf
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.errors import failure
from nono.supervisor.linux.calls.answers import Answer, Return
from nono.supervisor.linux.calls.call import Call, dirfd, int32
from nono.supervisor.linux.calls.files.metadata import Find, by_path, target_of
from nono.supervisor.linux.calls.files.open_flags import held_access
from nono.supervisor.linux.calls.files.xattr_changes import xattr_args, xattr_name
from nono.supervisor.linux.calls.resolving.handles import Handle

_XATTR_SIZE_MAX = 65536
_FORBIDDEN = {errno.EACCES, errno.EPERM}
_SHOWN = {
    b"system.posix_acl_access",
    b"system.posix_acl_default",
    b"security.capability",
    b"security.selinux",
}


def getxattr(call: Call, decisions: Decisions) -> Answer:
    """getxattr(2)."""
    n = call.notification
    return _get(call, decisions, by_path(call), n.b, n.c, n.d)


def lgetxattr(call: Call, decisions: Decisions) -> Answer:
    """lgetxattr in getxattr(2)."""
    n = call.notification
    return _get(call, decisions, by_path(call, follow=False), n.b, n.c, n.d)


def getxattrat(call: Call, decisions: Decisions) -> Answer:
    """getxattrat, Linux 6.13: buffer and size are in a struct xattr_args."""
    n = call.notification
    buffer, size, flags = xattr_args(call)
    if flags:
        raise failure(errno.EINVAL)
    find = target_of(call, dirfd(n.a), n.b, int32(n.c))
    return _get(call, decisions, find, n.d, buffer, size)


def _get(call: Call, decisions: Decisions, find: Find, name: int, buffer: int, size: int) -> Answer:
    key = xattr_name(call, name)
    with find() as target:
        _require(call, decisions, target, key)
        value = os.getxattr(target.name, key)
    if size:
        if len(value) > min(size, _XATTR_SIZE_MAX):
            raise failure(errno.ERANGE)
        _write(call, buffer, value)
    return Return(len(value))


def _require(call: Call, decisions: Decisions, target: Handle, key: bytes) -> None:
    if key in _SHOWN or target.is_anonymous:
        return
    if target.held is not None and Access.READ in held_access(target.held):
        return
    own = call.own.is_own(call.caller, target)
    decisions.require(Open(call.caller, target.path, Access.READ, own))


def _write(call: Call, buffer: int, value: bytes) -> None:
    try:
        memory = MemoryOf(call.caller.tid)
    except OSError as error:
        if error.errno in _FORBIDDEN:
            raise failure(errno.EOPNOTSUPP) from error
        raise
    with memory:
        call.ensure_waiting()
        memory.write(buffer, value)
