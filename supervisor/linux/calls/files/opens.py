"""open, openat, creat; openat2, which is `open_how.py`, ends here as well.

Inside the floor: *continued because the floor holds*. Beyond it: *performed on our copy*, with
every flag of the caller's, and handed back as a descriptor. An O_PATH open grants no access, and
the floor has nothing to say about it: that a file exists can be seen (open(2), landlock(7)).
Flags that decide about it are in a register: no other thread can change them.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct
from typing import TYPE_CHECKING, NoReturn

from nono.broker import Access, Open, Operation, PathChange
from nono.broker.rules.paths import child
from nono.shims.linux.at import ACCESS_MODE, AT_FDCWD
from nono.shims.linux.openat2 import RESOLVE_NO_MAGICLINKS, RESOLVE_NO_XDEV
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.errors import failure
from nono.supervisor.linux.calls.answers import CONTINUE, GIVEN, Answer, Inject, Retry
from nono.supervisor.linux.calls.call import Call, dirfd
from nono.supervisor.linux.calls.files import set_id
from nono.supervisor.linux.calls.files.fifos import meet
from nono.supervisor.linux.calls.files.open_flags import (
    OPEN_FLAGS,
    Arguments,
    ensure_flags,
    floor_checks,
    held_access,
    makes_set_id,
)
from nono.supervisor.linux.calls.files.ruled import floor_holds
from nono.supervisor.linux.calls.own.own_objects import OwnObjects
from nono.supervisor.linux.calls.processes.other_processes import refuse_as_absent
from nono.supervisor.linux.calls.resolving.caller import Caller
from nono.supervisor.linux.calls.resolving.handles import MAX_LINKS, Entry, Handle
from nono.supervisor.linux.calls.resolving.resolve import entry, links_on_the_way, locate

if TYPE_CHECKING:
    from nono.supervisor.linux.injected_files import InjectedFiles

_RESOLUTION_ONLY = os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
_CHANGES = ACCESS_MODE | os.O_CREAT | os.O_TRUNC
_READ_AT_ONCE = (stat.S_IFREG, stat.S_IFDIR)
_HELD_BY_EACH_STEP = RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS
_PTMX = os.makedev(5, 2)
_TTY = os.makedev(5, 0)
_TIOCGPTN = 0x80045430
_TRIES = 8


def open_(call: Call, decisions: Decisions) -> Answer:
    """open(2)."""
    n = call.notification
    if n.b & os.O_PATH:
        return CONTINUE
    ensure_flags(n.b & OPEN_FLAGS)
    wanted = Arguments(AT_FDCWD, call.path(n.a), n.b & OPEN_FLAGS, n.c & 0o7777)
    return open_as(call, decisions, wanted)


def openat(call: Call, decisions: Decisions) -> Answer:
    """openat(2)."""
    n = call.notification
    if n.c & os.O_PATH:
        return CONTINUE
    ensure_flags(n.c & OPEN_FLAGS)
    wanted = Arguments(dirfd(n.a), call.path(n.b), n.c & OPEN_FLAGS, n.d & 0o7777)
    return open_as(call, decisions, wanted)


def creat(call: Call, decisions: Decisions) -> Answer:
    """creat(2)."""
    n = call.notification
    flags = os.O_CREAT | os.O_WRONLY | os.O_TRUNC
    return open_as(call, decisions, Arguments(AT_FDCWD, call.path(n.a), flags, n.b & 0o7777))


def open_as(call: Call, decisions: Decisions, wanted: Arguments) -> Answer:
    """An open of what is no O_PATH. Raises OSError."""
    exclusive = wanted.flags & os.O_CREAT and wanted.flags & os.O_EXCL
    follow = not (wanted.flags & os.O_NOFOLLOW or exclusive)
    if wanted.flags & os.O_CREAT and wanted.path.endswith(b"/"):
        _refuse_slash(call, wanted, errno.EEXIST if exclusive else errno.EISDIR)
    if decisions.refuses_names:
        names = links_on_the_way(call.caller, wanted.dirfd, wanted.path, follow)
        refused = decisions.refused_name(call.caller, names, wanted.access)
        if refused is not None:
            decisions.require(refused)
    for _ in range(_TRIES):
        try:
            handle = locate(
                call.caller, wanted.dirfd, wanted.path, follow=follow, resolve=wanted.resolve
            )
        except FileNotFoundError:
            if not wanted.flags & os.O_CREAT or wanted.is_tmpfile:
                return _open_missing(call, wanted)
        else:
            return _open_existing(call, decisions, wanted, handle)
        with _new_entry(call, wanted) as place:
            answer = _create(call, decisions, wanted, place)
        if answer is not None:
            return answer
    raise failure(errno.EEXIST)


def _refuse_slash(call: Call, wanted: Arguments, without_name: int) -> NoReturn:
    """A file is not made where a directory is named, whatever is there: fs/namei.c."""
    path, resolve = wanted.path, wanted.resolve
    entry(call.caller, wanted.dirfd, path, without_name, resolve).close()
    raise failure(errno.EISDIR)


def _open_existing(call: Call, decisions: Decisions, wanted: Arguments, handle: Handle) -> Answer:
    answer: Answer | None = None
    try:
        answer = _decide_existing(call, decisions, wanted, handle)
    finally:
        if not isinstance(answer, Retry):  # which still needs the handle
            handle.close()
    return answer


def _decide_existing(call: Call, decisions: Decisions, wanted: Arguments, handle: Handle) -> Answer:
    if call.injected is not None and handle.path in call.injected:
        return _open_injected(call, call.injected, wanted, handle.path)
    if wanted.floor_checks:
        if handle.is_anonymous:
            return CONTINUE  # the caller's own pipe, socket or memfd, named through /proc/self/fd
        if floor_holds(decisions, handle, wanted.access):
            decisions.note_native(Open(call.caller, handle.path, wanted.access))
            return CONTINUE
    _refuse_by_kind(wanted, handle.kind)
    _refuse_other_terminal(call, handle)
    is_callers = handle.is_anonymous and floor_checks(wanted.flags)
    if not is_callers and not _is_held(handle, wanted.access):
        _require_open(call, decisions, wanted, handle)
    if _is_given(call, wanted, handle):
        return GIVEN
    call.ensure_waiting()
    if wanted.is_tmpfile:
        return _make_unnamed(call, wanted, handle)
    return perform(handle, wanted, call.own)


def _is_given(call: Call, wanted: Arguments, handle: Handle) -> bool:
    """Whether the lane in C has performed it in one step: what is only read, and never waits."""
    if call.give is None or wanted.flags & _CHANGES or handle.kind not in _READ_AT_ONCE:
        return False
    call.restrictions.ensure_unrestricted(call.caller)
    return call.give(call.notification.id, handle.fd, wanted.flags)


def _make_unnamed(call: Call, wanted: Arguments, directory: Handle) -> Answer:
    """O_TMPFILE: *performed on our copy*."""
    flags = wanted.flags & ~_RESOLUTION_ONLY | os.O_NOCTTY | os.O_CLOEXEC
    fd = call.making.open(call.caller.umask, directory.fd, ".", flags, wanted.mode)
    call.own.record_unnamed(directory.path, fd)
    return _inject(fd, wanted)


def _open_injected(call: Call, injected: InjectedFiles, wanted: Arguments, path: str) -> Answer:
    """A file that is another inside: *performed on our copy*, and only ever for reading."""
    _refuse_by_kind(wanted, stat.S_IFREG)
    if wanted.access != Access.READ:
        raise failure(errno.EACCES)
    call.restrictions.ensure_unrestricted(call.caller)
    return _inject(injected.open(path), wanted)


def _open_missing(call: Call, wanted: Arguments) -> Answer:
    """What a file that the machine lacks may still be inside."""
    if call.injected is not None:
        with entry(call.caller, wanted.dirfd, wanted.path, errno.ENOENT, wanted.resolve) as place:
            if place.path in call.injected:
                return _open_injected(call, call.injected, wanted, place.path)
    raise failure(errno.ENOENT)


def _refuse_by_kind(wanted: Arguments, kind: int) -> None:
    """What the kernel refuses before it looks at permissions."""
    if wanted.flags & os.O_CREAT:
        if wanted.flags & os.O_EXCL:
            raise failure(errno.EEXIST)
        if kind == stat.S_IFDIR:
            raise failure(errno.EISDIR)
    if kind == stat.S_IFLNK:
        raise failure(errno.ENOTDIR if wanted.flags & os.O_DIRECTORY else errno.ELOOP)
    if wanted.flags & os.O_DIRECTORY and kind != stat.S_IFDIR:
        raise failure(errno.ENOTDIR)
    if kind == stat.S_IFDIR and not wanted.is_tmpfile and wanted.access & Access.WRITE:
        raise failure(errno.EISDIR)


def _refuse_other_terminal(call: Call, handle: Handle) -> None:
    """/dev/tty is the terminal of whoever opens it. We open ours, which may not be the caller's."""
    if handle.kind == stat.S_IFCHR and handle.stat.st_rdev == _TTY:
        ours = Caller(os.getpid(), 0).terminal
        if call.caller.terminal != ours:
            raise failure(errno.ENXIO)


def _is_held(handle: Handle, access: Access) -> bool:
    """True when the path named a descriptor that the caller has open with this access already."""
    if handle.held is None or handle.kind == stat.S_IFDIR:
        return False
    return access in held_access(handle.held)


def _require_open(call: Call, decisions: Decisions, wanted: Arguments, handle: Handle) -> None:
    own = call.own.is_own(call.caller, handle)
    if wanted.is_tmpfile:
        path = child(handle.path, "(O_TMPFILE)")
        if makes_set_id(wanted.flags, wanted.mode):
            set_id.require(call, decisions, path)
        decisions.require(PathChange(call.caller, Operation.CREATE, path, own))
        return
    request = Open(call.caller, handle.path, wanted.access, own)
    refuse_as_absent(call, decisions, request)
    if decisions.answer_at_once is not None:
        call.caller.found = handle.path, handle.stat
    decisions.require(request)


def perform(handle: Handle, wanted: Arguments, own: OwnObjects) -> Answer:
    """Performed on our copy: reopen the handle, first without blocking and as no terminal of ours.

    A FIFO without its other end, and a file under a lease, have to wait: those become tasks.
    """
    flags = wanted.flags & ~_RESOLUTION_ONLY | os.O_NOCTTY | os.O_CLOEXEC
    may_block = not wanted.flags & os.O_NONBLOCK
    if may_block and handle.kind == stat.S_IFIFO and wanted.access != Access.READ | Access.WRITE:
        return meet(handle, flags, wanted.access, bool(wanted.flags & os.O_CLOEXEC))
    try:
        fd = os.open(handle.name, flags | os.O_NONBLOCK, wanted.mode)
    except BlockingIOError:
        if not may_block:
            raise
        return Retry(lambda: _after_lease(handle, wanted, own), handle.close)
    try:
        _after_open(fd, handle, own, flags if may_block else None)
    except BaseException:
        os.close(fd)
        raise
    return _inject(fd, wanted)


def _inject(fd: int, wanted: Arguments) -> Inject:
    return Inject(fd, bool(wanted.flags & os.O_CLOEXEC))


def _after_open(fd: int, handle: Handle, own: OwnObjects, flags: int | None) -> None:
    """`flags` are those that the file is to have: the kernel keeps what was added for the open."""
    if flags is not None:
        fcntl.fcntl(fd, fcntl.F_SETFL, flags)
    if handle.kind == stat.S_IFCHR and handle.stat.st_rdev == _PTMX:
        number = struct.unpack("=I", fcntl.ioctl(fd, _TIOCGPTN, bytes(4)))[0]
        terminal = f"/dev/pts/{number}"
        own.record_terminal(os.stat(terminal).st_rdev, terminal)


def _after_lease(handle: Handle, wanted: Arguments, own: OwnObjects) -> Answer | None:
    """Try again what a lease forbids until its holder gives it up or the kernel takes it."""
    answer = perform(handle, wanted, own)
    return None if isinstance(answer, Retry) else answer


def _new_entry(call: Call, wanted: Arguments) -> Entry:
    """Where a file is to be made. A dangling symbolic link is followed to where it points."""
    place = entry(call.caller, wanted.dirfd, wanted.path, errno.EISDIR, wanted.resolve)
    for _ in range(MAX_LINKS):
        try:
            if place.name.endswith(b"/"):
                raise failure(errno.EISDIR)
            target = os.readlink(place.name, dir_fd=place.parent.fd)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.EINVAL):
                return place
            place.close()
            raise
        with place:
            if wanted.flags & os.O_EXCL:
                raise failure(errno.EEXIST)
            if wanted.flags & os.O_NOFOLLOW or wanted.resolve & ~_HELD_BY_EACH_STEP:
                raise failure(errno.ELOOP)
            place = entry(call.caller, place.parent, target, errno.EISDIR, wanted.resolve)
    place.close()
    raise failure(errno.ELOOP)


def _create(call: Call, decisions: Decisions, wanted: Arguments, place: Entry) -> Answer | None:
    """Make the file; None when somebody else did meanwhile and it is to be opened instead."""
    path = place.path
    directory = place.parent.path
    if (
        wanted.floor_checks
        and decisions.floor_covers(directory, wanted.access | Access.WRITE)
        and decisions.floor_covers(path, Access.WRITE)
    ):
        decisions.note_native(PathChange(call.caller, Operation.CREATE, path))
        return CONTINUE
    if makes_set_id(wanted.flags, wanted.mode):
        set_id.require(call, decisions, path)
    own = call.own.is_own(call.caller, place.parent)
    decisions.require(PathChange(call.caller, Operation.CREATE, path, own))
    call.own.require_room(path)
    call.ensure_waiting()
    # O_EXCL follows no link either, and O_NOFOLLOW would stay with the descriptor: F_GETFL.
    flags = wanted.flags | os.O_CREAT | os.O_EXCL | os.O_NOCTTY | os.O_CLOEXEC
    try:
        umask, parent = call.caller.umask, place.parent.fd
        fd = call.making.open(umask, parent, place.name, flags, wanted.mode)
    except FileExistsError:
        if wanted.flags & os.O_EXCL:
            raise
        return None
    call.own.record_created(path, fd)
    return _inject(fd, wanted)
