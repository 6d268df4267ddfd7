"""Names in directories: mkdir, rmdir, unlink, symlink, mknod, and truncate.

Inside the floor: *continued because the floor holds*. Beyond it: *performed on our copy*, with a
handle of the directory and one name. That a name exists can be seen, so EEXIST and ENOENT come
before any refusal, as from the kernel.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable

from nono.broker import Access, Ask, Operation, PathChange
from nono.shims.linux import landlock
from nono.shims.linux.at import AT_FDCWD, AT_REMOVEDIR
from nono.shims.linux.landlock import FS
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.errors import failure
from nono.supervisor.linux.calls.answers import CONTINUE, DONE, Answer
from nono.supervisor.linux.calls.call import Call, dirfd, int32
from nono.supervisor.linux.calls.files import set_id
from nono.supervisor.linux.calls.files.git_kept import require_not_kept
from nono.supervisor.linux.calls.files.ruled import floor_holds
from nono.supervisor.linux.calls.resolving.handles import Entry, Handle
from nono.supervisor.linux.calls.resolving.resolve import entry, locate

_DEVICES = {stat.S_IFCHR, stat.S_IFBLK}
_MAKABLE = {0, stat.S_IFREG, stat.S_IFIFO, stat.S_IFSOCK} | _DEVICES
_KINDS = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_WHITEOUT = stat.S_IFCHR, 0
"""Kind and number of a device that nobody can open; everybody may make one: mknod in fs/namei.c."""
_NO_DIRECTORY_TO_REMOVE = {b"": errno.EBUSY, b".": errno.EINVAL, b"..": errno.ENOTEMPTY}


def mkdir(call: Call, decisions: Decisions) -> Answer:
    """mkdir(2)."""
    return _mkdir(call, decisions, AT_FDCWD, call.notification.a, call.notification.b)


def mkdirat(call: Call, decisions: Decisions) -> Answer:
    """mkdirat(2)."""
    n = call.notification
    return _mkdir(call, decisions, dirfd(n.a), n.b, n.c)


def _mkdir(call: Call, decisions: Decisions, at: int, path: int, mode: int) -> Answer:
    def make(place: Entry) -> None:
        call.making.mkdir(call.caller.umask, place.parent.fd, place.name, mode & 0o7777)

    return _make(call, decisions, at, path, Operation.MKDIR, make)


def symlink(call: Call, decisions: Decisions) -> Answer:
    """symlink(2)."""
    return _symlink(call, decisions, call.notification.a, AT_FDCWD, call.notification.b)


def symlinkat(call: Call, decisions: Decisions) -> Answer:
    """symlinkat(2)."""
    n = call.notification
    return _symlink(call, decisions, n.a, dirfd(n.b), n.c)


def _symlink(call: Call, decisions: Decisions, target: int, at: int, path: int) -> Answer:
    text = call.path(target)

    def make(place: Entry) -> None:
        os.symlink(text, place.name, dir_fd=place.parent.fd)

    return _make(call, decisions, at, path, Operation.SYMLINK, make, detail=os.fsdecode(text))


def mknod(call: Call, decisions: Decisions) -> Answer:
    """mknod(2)."""
    n = call.notification
    return _mknod(call, decisions, AT_FDCWD, n.a, n.b, n.c)


def mknodat(call: Call, decisions: Decisions) -> Answer:
    """mknodat(2)."""
    n = call.notification
    return _mknod(call, decisions, dirfd(n.a), n.b, n.c, n.d)


def _mknod(call: Call, decisions: Decisions, at: int, path: int, mode: int, device: int) -> Answer:
    mode &= 0xFFFF  # the kernel's umode_t
    kind = stat.S_IFMT(mode)
    if kind not in _MAKABLE:
        raise failure(errno.EPERM if kind == stat.S_IFDIR else errno.EINVAL)
    is_refused = kind in _DEVICES and (kind, device & 0xFFFFFFFF) != _WHITEOUT

    def look(place: Entry) -> None:
        if is_refused:  # whatever anybody answers
            raise failure(errno.ENOENT if place.name.endswith(b"/") else errno.EPERM)

    def make(place: Entry) -> None:
        look(place)
        call.making.mknod(call.caller.umask, place.parent.fd, place.name, mode)

    # The floor has no right for devices.
    is_set_id, is_held = set_id.gives(mode), kind not in _DEVICES
    return _make(
        call,
        decisions,
        at,
        path,
        Operation.MKNOD,
        make,
        gives_set_id=is_set_id,
        is_held=is_held,
        detail=_KINDS.get(kind, "a file"),
        look=look,
    )


def _make(
    call: Call,
    decisions: Decisions,
    at: int,
    path: int,
    operation: Operation,
    make: Callable[[Entry], None],
    *,
    gives_set_id: bool = False,
    is_held: bool = True,
    detail: str = "",
    look: Callable[[Entry], None] | None = None,
) -> Answer:
    """Continued inside the floor; elsewhere `make` performs it, once it is allowed. Of what fails
    by itself `look` raises that.

    What would be set-id is never continued, nor what the floor does not hold.
    """
    with entry(call.caller, at, call.path(path), errno.EEXIST) as place:
        if operation is Operation.MKDIR and decisions.take_awaited(place.path):
            return DONE
        if gives_set_id:
            set_id.require(call, decisions, place.path)
        elif is_held and is_in_floor(decisions, place):
            decisions.note_native(PathChange(call.caller, operation, place.path))
            return CONTINUE
        require_new(call, decisions, place, operation, detail, look)
        make(place)
        _record(call, place)
    return DONE


def rmdir(call: Call, decisions: Decisions) -> Answer:
    """rmdir(2)."""
    return _remove(call, decisions, AT_FDCWD, call.notification.a, directory=True)


def unlink(call: Call, decisions: Decisions) -> Answer:
    """unlink(2)."""
    return _remove(call, decisions, AT_FDCWD, call.notification.a, directory=False)


def unlinkat(call: Call, decisions: Decisions) -> Answer:
    """unlinkat(2)."""
    n = call.notification
    flags = int32(n.c)
    if flags & ~AT_REMOVEDIR:
        raise failure(errno.EINVAL)
    return _remove(call, decisions, dirfd(n.a), n.b, directory=bool(flags))


def _remove(call: Call, decisions: Decisions, at: int, path: int, *, directory: bool) -> Answer:
    unusable = _NO_DIRECTORY_TO_REMOVE if directory else errno.EISDIR
    operation = Operation.RMDIR if directory else Operation.UNLINK
    with entry(call.caller, at, call.path(path), unusable) as place:
        if is_in_floor(decisions, place):
            decisions.note_native(PathChange(call.caller, operation, place.path))
            return CONTINUE
        with existing(place) as target:
            require_not_kept(call, decisions, operation, place)
            own = call.own.is_own(call.caller, target)
            request = PathChange(call.caller, operation, place.path, own)
            if isinstance(decisions.verdict(request)[1], Ask):
                _fail_by_kind(target, directory)
            decisions.require(request)
            call.ensure_waiting()
            remove = os.rmdir if directory else os.unlink
            remove(place.name, dir_fd=place.parent.fd)
            call.own.forget(target)
            decisions.note_moved(place.path)
    return DONE


def _fail_by_kind(target: Handle, directory: bool) -> None:
    """Raise what the kernel says of what cannot be removed so: no answer helps."""
    if directory != (target.kind == stat.S_IFDIR):
        raise failure(errno.ENOTDIR if directory else errno.EISDIR)


def truncate(call: Call, decisions: Decisions) -> Answer:
    """truncate(2). Where Landlock has no right for it, the floor holds nothing."""
    n = call.notification
    is_held = FS.TRUNCATE in landlock.running().fs
    with locate(call.caller, AT_FDCWD, call.path(n.a)) as target:
        if target.is_anonymous and is_held:
            return CONTINUE
        if is_held and floor_holds(decisions, target, Access.WRITE):
            decisions.note_native(PathChange(call.caller, Operation.TRUNCATE, target.path))
            return CONTINUE
        if target.kind != stat.S_IFREG:
            raise failure(errno.EISDIR if target.kind == stat.S_IFDIR else errno.EINVAL)
        if not target.is_anonymous:
            own = call.own.is_own(call.caller, target)
            decisions.require(PathChange(call.caller, Operation.TRUNCATE, target.path, own))
        call.ensure_waiting()
        size = n.b - (1 << 64) if n.b >> 63 else n.b
        # The kernel would send SIGXFSZ, too. The limit is the program's own, and ours is another.
        if size > target.stat.st_size and size > call.caller.file_size_limit:
            raise failure(errno.EFBIG)
        fd = os.open(target.name, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            os.ftruncate(fd, size)
        finally:
            os.close(fd)
    return DONE


def is_in_floor(decisions: Decisions, place: Entry) -> bool:
    """The floor asks for the right on the directory; the name may be denied by a glob."""
    return decisions.floor_covers(place.parent.path, Access.WRITE) and (
        decisions.floor_covers(place.path, Access.WRITE)
    )


def existing(place: Entry) -> Handle:
    target = place.existing()
    if target is None:
        raise failure(errno.ENOENT)
    return target


def require_new(
    call: Call,
    decisions: Decisions,
    place: Entry,
    operation: Operation,
    detail: str = "",
    look: Callable[[Entry], None] | None = None,
) -> None:
    target = place.existing()
    if target is not None:
        target.close()
        raise failure(errno.EEXIST)
    own = call.own.is_own(call.caller, place.parent)
    request = PathChange(call.caller, operation, place.path, own, detail=detail)
    if look is not None and isinstance(decisions.verdict(request)[1], Ask):
        look(place)
    decisions.require(request)
    call.own.require_room(place.path)
    call.ensure_waiting()


def _record(call: Call, place: Entry) -> None:
    made = place.existing()
    if made is not None:
        with made:
            call.own.record_created(place.path, made.fd)
