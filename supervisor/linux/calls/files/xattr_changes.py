"""Extended attributes that are set and removed: *performed on our copy*, as all metadata.

Access lists are among them. Sources: setxattr(2), removexattr(2), linux/xattr.h.
"""

from __future__ import annotations

import errno
import os
import struct

from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.errors import failure
from nono.supervisor.linux.calls.answers import Answer
from nono.supervisor.linux.calls.call import Call, dirfd, int32
from nono.supervisor.linux.calls.files import closing, set_id
from nono.supervisor.linux.calls.files.metadata import (
    Find,
    by_descriptor,
    by_path,
    perform_change,
    target_of,
)

_XATTR_SIZE_MAX = 65536
_XATTR_ARGS = struct.Struct("=QII")  # struct xattr_args: value, size, flags


def xattr_name(call: Call, address: int) -> bytes:
    """Raises OSError (ERANGE) for one that is empty or longer than any."""
    name = call.path(address)
    if not name or len(name) > 255:
        raise failure(errno.ERANGE)
    return name


def xattr_args(call: Call) -> tuple[int, int, int]:
    """Where the value is, its size and the flags, by the struct of a call like setxattrat. Raises
    OSError."""
    n = call.notification
    if n.f < _XATTR_ARGS.size:
        raise failure(errno.EINVAL)
    data = call.bytes(n.e, n.f)
    if any(data[_XATTR_ARGS.size :]):
        raise failure(errno.E2BIG)
    address, size, flags = _XATTR_ARGS.unpack(data[: _XATTR_ARGS.size])
    return address, size, flags


def _value(call: Call, address: int, size: int) -> bytes:
    if size > _XATTR_SIZE_MAX:
        raise failure(errno.E2BIG)
    chunks = (
        call.bytes(address + start, min(4096, size - start)) for start in range(0, size, 4096)
    )
    return b"".join(chunks)


def _setxattr(
    call: Call, decisions: Decisions, find: Find, name: int, value: bytes, flags: int
) -> Answer:
    key = xattr_name(call, name)
    return perform_change(
        call,
        decisions,
        "setxattr",
        find,
        lambda handle: os.setxattr(handle.name, key, value, flags),
        detail=os.fsdecode(key),
        set_id_bits=key == set_id.CAPABILITY,
        leaves=closing.left_by_attribute(key, value),
    )


def _removexattr(call: Call, decisions: Decisions, find: Find, name: int) -> Answer:
    key = xattr_name(call, name)
    return perform_change(
        call,
        decisions,
        "removexattr",
        find,
        lambda handle: os.removexattr(handle.name, key),
        detail=os.fsdecode(key),
        leaves=closing.left_by_attribute(key, None),
    )


def setxattr(call: Call, decisions: Decisions) -> Answer:
    """setxattr(2)."""
    n = call.notification
    value = _value(call, n.c, n.d)
    return _setxattr(call, decisions, by_path(call), n.b, value, int32(n.e))


def lsetxattr(call: Call, decisions: Decisions) -> Answer:
    """lsetxattr in setxattr(2)."""
    n = call.notification
    value = _value(call, n.c, n.d)
    return _setxattr(call, decisions, by_path(call, follow=False), n.b, value, int32(n.e))


def fsetxattr(call: Call, decisions: Decisions) -> Answer:
    """fsetxattr in setxattr(2)."""
    n = call.notification
    value = _value(call, n.c, n.d)
    return _setxattr(call, decisions, by_descriptor(call), n.b, value, int32(n.e))


def setxattrat(call: Call, decisions: Decisions) -> Answer:
    """setxattrat, Linux 6.13: the value and flags are in a struct xattr_args."""
    n = call.notification
    address, size, flags = xattr_args(call)
    value = _value(call, address, size)
    find = target_of(call, dirfd(n.a), n.b, int32(n.c))
    return _setxattr(call, decisions, find, n.d, value, flags)


def removexattr(call: Call, decisions: Decisions) -> Answer:
    """removexattr(2)."""
    return _removexattr(call, decisions, by_path(call), call.notification.b)


def lremovexattr(call: Call, decisions: Decisions) -> Answer:
    """lremovexattr in removexattr(2)."""
    return _removexattr(call, decisions, by_path(call, follow=False), call.notification.b)


def fremovexattr(call: Call, decisions: Decisions) -> Answer:
    """fremovexattr in removexattr(2)."""
    return _removexattr(call, decisions, by_descriptor(call), call.notification.b)


def removexattrat(call: Call, decisions: Decisions) -> Answer:
    """removexattrat, Linux 6.13."""
    n = call.notification
    find = target_of(call, dirfd(n.a), n.b, int32(n.c))
    return _removexattr(call, decisions, find, n.d)
