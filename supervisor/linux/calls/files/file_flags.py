"""ioctl(2) with FS_IOC_SETFLAGS: the flags of a file that chattr(1) sets.

A descriptor open for reading is enough for it in the kernel, so it is always *performed on our
copy* of the flags, and needs WRITE on the object. Which flags may change is a list: one of the
others makes a directory fold the names in it, so that a refused name gets others, and most of the
rest the kernel gives to root only. Source: FS_IOC_SETFLAGS(2const).
"""

from __future__ import annotations

import errno
import fcntl
import stat
import struct

from nono.shims.linux.refused_arguments import FS_IOC_SETFLAGS
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.errors import failure
from nono.supervisor.linux.calls.answers import Answer
from nono.supervisor.linux.calls.call import Call
from nono.supervisor.linux.calls.files.metadata import by_descriptor, perform_change
from nono.supervisor.linux.calls.resolving.handles import Handle

_FS_IOC_GETFLAGS = 0x80086601
_FLAGS = struct.Struct("=I")  # an int, whatever the request's number says
_CHANGEABLE = {
    "secure deletion": 0x1,
    "undeletable": 0x2,
    "compressed": 0x4,
    "synchronous": 0x8,
    "not dumped": 0x40,
    "no time of access": 0x80,
    "not compressed": 0x400,
    "no tail": 0x8000,
    "synchronous directory": 0x10000,
    "top of a hierarchy": 0x20000,
    "written in place": 0x800000,
}
_ALL_CHANGEABLE = sum(_CHANGEABLE.values())


def set_flags(call: Call, decisions: Decisions) -> Answer:
    """FS_IOC_SETFLAGS. Raises OSError."""
    (wanted,) = _FLAGS.unpack(call.bytes(call.notification.c, _FLAGS.size))

    def change(target: Handle) -> None:
        if target.kind not in (stat.S_IFREG, stat.S_IFDIR):
            raise failure(errno.ENOTTY)
        if target.held is not None:
            _set(target.fd, wanted)
            return
        raise failure(errno.EBADF)

    return perform_change(call, decisions, "chattr", by_descriptor(call), change)


def _set(fd: int, wanted: int) -> None:
    (present,) = _FLAGS.unpack(fcntl.ioctl(fd, _FS_IOC_GETFLAGS, bytes(8))[: _FLAGS.size])
    if (present ^ wanted) & ~_ALL_CHANGEABLE:
        raise failure(errno.EPERM)
    fcntl.ioctl(fd, FS_IOC_SETFLAGS, _FLAGS.pack(wanted) + bytes(4))
