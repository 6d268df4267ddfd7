"""Changes of metadata: mode, owner, times, file attributes.

Landlock has no right for these and a descriptor open for reading is enough for them, so they are
always *performed on our copy*, by path and by descriptor, and need WRITE on the object.
Sources: chmod(2), chown(2), utimensat(2), and for the youngest one linux/fs.h.
"""

from __future__ import annotations

import errno
import os
import stat
import struct
from collections.abc import Callable
from functools import partial

from nono.broker import Access, Metadata
from nono.broker.requests import CLOSING
from nono.shims.linux import metadata as kernel
from nono.shims.linux.at import AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.errors import failure
from nono.supervisor.linux.calls.account_names import GROUPS, USERS, with_name
from nono.supervisor.linux.calls.answers import DONE, Answer
from nono.supervisor.linux.calls.call import Call, dirfd, int32
from nono.supervisor.linux.calls.files import closing, set_id
from nono.supervisor.linux.calls.files.git_config import is_trial
from nono.supervisor.linux.calls.files.open_flags import held_access
from nono.supervisor.linux.calls.resolving.handles import Handle
from nono.supervisor.linux.calls.resolving.resolve import descriptor, locate

_AT_FLAGS = AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH
_TIMES_SIZE = 32
_MAX_FILE_ATTR = 4096

Find = Callable[[], Handle]
"""Opens the object, once every argument is read: what raises before that leaves nothing open."""
Change = Callable[[Handle], None]


def perform_change(
    call: Call,
    decisions: Decisions,
    operation: str,
    find: Find,
    change: Change,
    *,
    detail: str = "",
    set_id_bits: bool = False,
    leaves: int = stat.S_IRWXU,
    owner: int = -1,
    excused: Callable[[Metadata, Handle], bool] = lambda wanted, target: False,
) -> Answer:
    """Performed on our copy: the one way every handler of this module ends.

    `leaves` is what of a directory's mode its owner has afterwards, at least; `owner` who that is,
    -1 for the same as before. `excused` tells of a refusal that does not count.
    """
    with find() as target:
        if target.is_anonymous:
            allowed = True  # the caller's own pipe, socket or memfd
        elif target.stat.st_nlink == 0 and target.held is not None:
            # Deleted, so without a path: whoever may write it may change it.
            allowed = Access.WRITE in held_access(target.held)
        else:
            allowed = False
        if not allowed:
            own = call.own.is_own(call.caller, target)
            closes = closing.closes(target.stat.st_mode, leaves)
            closes = closes or closing.takes_owner(target.stat, owner)
            what = CLOSING if closes else operation
            wanted = Metadata(call.caller, what, target.path, own, detail)
            if not excused(wanted, target):
                decisions.require(wanted)
        if set_id_bits and target.kind != stat.S_IFDIR:
            set_id.require(call, decisions, target.path)
        call.ensure_waiting()
        change(target)
    return DONE


def target_of(call: Call, at: int, address: int, flags: int) -> Find:
    """The object of a call with a directory, a path and AT_* flags."""
    if flags & ~_AT_FLAGS:
        raise failure(errno.EINVAL)
    path = call.path(address) if address or not flags & AT_EMPTY_PATH else b""
    if path or not flags & AT_EMPTY_PATH:
        return lambda: locate(call.caller, at, path, follow=not flags & AT_SYMLINK_NOFOLLOW)
    if at == AT_FDCWD:
        return lambda: locate(call.caller, at, b".")
    return lambda: descriptor(call.caller, at)


def by_path(call: Call, *, follow: bool = True) -> Find:
    """The object of a call with a path as its first argument."""
    path = call.path(call.notification.a)
    return lambda: locate(call.caller, AT_FDCWD, path, follow=follow)


def by_descriptor(call: Call) -> Find:
    def find() -> Handle:
        target = descriptor(call.caller, int32(call.notification.a))
        if target.held is not None and target.held & os.O_PATH:
            target.close()
            raise failure(errno.EBADF)
        return target

    return find


# chmod


def _chmod(call: Call, decisions: Decisions, find: Find, mode: int) -> Answer:
    def change(handle: Handle) -> None:
        if handle.kind == stat.S_IFLNK:
            raise failure(errno.EOPNOTSUPP)
        os.chmod(handle.name, mode & 0o7777)

    return perform_change(
        call,
        decisions,
        "chmod",
        find,
        change,
        detail=f"{mode & 0o7777:04o}",
        set_id_bits=set_id.gives(mode),
        leaves=mode,
        excused=partial(is_trial, decisions, mode),
    )


def chmod(call: Call, decisions: Decisions) -> Answer:
    """chmod(2)."""
    return _chmod(call, decisions, by_path(call), call.notification.b)


def fchmod(call: Call, decisions: Decisions) -> Answer:
    """fchmod in chmod(2)."""
    return _chmod(call, decisions, by_descriptor(call), call.notification.b)


def fchmodat(call: Call, decisions: Decisions) -> Answer:
    """fchmodat in chmod(2): the system call has no flags."""
    n = call.notification
    return _chmod(call, decisions, target_of(call, dirfd(n.a), n.b, 0), n.c)


def fchmodat2(call: Call, decisions: Decisions) -> Answer:
    """fchmodat2, Linux 6.6."""
    n = call.notification
    return _chmod(call, decisions, target_of(call, dirfd(n.a), n.b, int32(n.d)), n.c)


# chown


def _chown(call: Call, decisions: Decisions, find: Find, owner: int, group: int) -> Answer:
    def change(handle: Handle) -> None:
        kernel.chown(handle.fd, owner, group)

    is_shown = call.caller.asks
    detail = f"{_id(owner, USERS, is_shown)}:{_id(group, GROUPS, is_shown)}"
    to = -1 if int32(owner) == -1 else owner & 0xFFFFFFFF
    return perform_change(call, decisions, "chown", find, change, detail=detail, owner=to)


def _id(number: int, names: str, is_shown: bool) -> str:
    """As chown(1) writes it: nothing for one that stays. Who may be asked is shown the name, too,
    of the file `names`."""
    if int32(number) == -1:
        return ""
    number &= 0xFFFFFFFF
    return with_name(number, names) if is_shown else str(number)


def chown(call: Call, decisions: Decisions) -> Answer:
    """chown(2)."""
    n = call.notification
    return _chown(call, decisions, by_path(call), n.b, n.c)


def lchown(call: Call, decisions: Decisions) -> Answer:
    """lchown in chown(2)."""
    n = call.notification
    return _chown(call, decisions, by_path(call, follow=False), n.b, n.c)


def fchown(call: Call, decisions: Decisions) -> Answer:
    """fchown in chown(2)."""
    n = call.notification
    return _chown(call, decisions, by_descriptor(call), n.b, n.c)


def fchownat(call: Call, decisions: Decisions) -> Answer:
    """fchownat in chown(2)."""
    n = call.notification
    return _chown(call, decisions, target_of(call, dirfd(n.a), n.b, int32(n.e)), n.c, n.d)


# utime


def _utime(call: Call, decisions: Decisions, find: Find, times: bytes | None) -> Answer:
    return perform_change(
        call, decisions, "utime", find, lambda handle: kernel.utimens(handle.fd, times)
    )


def utime(call: Call, decisions: Decisions) -> Answer:
    """utime(2): seconds."""
    n = call.notification
    times = None
    if n.b:
        access, modification = struct.unpack("=qq", call.bytes(n.b, 16))
        times = struct.pack("=qqqq", access, 0, modification, 0)
    return _utime(call, decisions, by_path(call), times)


def _microseconds(call: Call, address: int) -> bytes | None:
    if not address:
        return None
    values = struct.unpack("=qqqq", call.bytes(address, _TIMES_SIZE))
    if not (0 <= values[1] < 1_000_000 and 0 <= values[3] < 1_000_000):
        raise failure(errno.EINVAL)
    return struct.pack("=qqqq", values[0], values[1] * 1000, values[2], values[3] * 1000)


def utimes(call: Call, decisions: Decisions) -> Answer:
    """utimes in utime(2): microseconds."""
    return _utime(call, decisions, by_path(call), _microseconds(call, call.notification.b))


def futimesat(call: Call, decisions: Decisions) -> Answer:
    """futimesat(2): microseconds; without a path the descriptor itself."""
    n = call.notification
    times = _microseconds(call, n.c)
    at = dirfd(n.a)
    find = target_of(call, at, n.b, 0) if n.b else lambda: descriptor(call.caller, at)
    return _utime(call, decisions, find, times)


def utimensat(call: Call, decisions: Decisions) -> Answer:
    """utimensat(2): nanoseconds, UTIME_NOW, UTIME_OMIT; without a path the descriptor itself."""
    n = call.notification
    times = call.bytes(n.c, _TIMES_SIZE) if n.c else None
    at, flags = dirfd(n.a), int32(n.d)
    if n.b:
        return _utime(call, decisions, target_of(call, at, n.b, flags), times)
    if flags:
        raise failure(errno.EINVAL)
    return _utime(call, decisions, by_descriptor(call), times)


def file_setattr(call: Call, decisions: Decisions) -> Answer:
    """file_setattr, Linux 6.17: the flags of chattr(1) as a struct file_attr."""
    n = call.notification
    if n.d > _MAX_FILE_ATTR:
        raise failure(errno.E2BIG)
    data = call.bytes(n.c, n.d)
    find = target_of(call, dirfd(n.a), n.b, int32(n.e))
    return perform_change(
        call, decisions, "file_setattr", find, lambda h: kernel.file_setattr(h.fd, data)
    )
