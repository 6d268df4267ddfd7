"""Objects that get another name: rename and link.

Inside the floor: *continued because the floor holds*; Landlock refuses a move that would give an
object more access. Beyond it: *performed on our copy*, with handles of the directories, after the
policy has decided about both names and about the object.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator

from nono.broker import Access, Ask, Open, Operation, PathChange
from nono.broker.rules.paths import parent
from nono.shims.linux import rename as kernel
from nono.shims.linux.at import AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_FOLLOW
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.errors import failure
from nono.supervisor.linux.calls.answers import CONTINUE, DONE, Answer
from nono.supervisor.linux.calls.call import Call, dirfd, int32
from nono.supervisor.linux.calls.files.entries import existing, is_in_floor, require_new
from nono.supervisor.linux.calls.files.git_config import put_git_config
from nono.supervisor.linux.calls.files.git_kept import require_not_kept, require_replaceable
from nono.supervisor.linux.calls.resolving.handles import Entry, Handle
from nono.supervisor.linux.calls.resolving.resolve import entry, locate


def rename(call: Call, decisions: Decisions) -> Answer:
    """rename(2)."""
    n = call.notification
    return _rename(call, decisions, (AT_FDCWD, n.a), (AT_FDCWD, n.b), 0)


def renameat(call: Call, decisions: Decisions) -> Answer:
    """renameat(2)."""
    n = call.notification
    return _rename(call, decisions, (dirfd(n.a), n.b), (dirfd(n.c), n.d), 0)


def renameat2(call: Call, decisions: Decisions) -> Answer:
    """renameat2(2) in rename(2). RENAME_WHITEOUT makes a device and is refused."""
    n = call.notification
    flags = int32(n.e)
    if flags not in (0, kernel.RENAME_NOREPLACE, kernel.RENAME_EXCHANGE):
        raise failure(errno.EINVAL)
    return _rename(call, decisions, (dirfd(n.a), n.b), (dirfd(n.c), n.d), flags)


def _rename(
    call: Call,
    decisions: Decisions,
    old_at: tuple[int, int],
    new_at: tuple[int, int],
    flags: int,
) -> Answer:
    with (
        entry(call.caller, old_at[0], call.path(old_at[1]), errno.EBUSY) as old,
        entry(call.caller, new_at[0], call.path(new_at[1]), errno.EBUSY, beside=old.parent) as new,
    ):
        if is_in_floor(decisions, old) and is_in_floor(decisions, new):
            _note_native_move(call, decisions, old, new, flags)
            return CONTINUE
        with existing(old) as source:
            if not flags and put_git_config(call, decisions, old, new, source):
                return DONE
            require_not_kept(call, decisions, Operation.RENAME_FROM, old)
            require_replaceable(call, decisions, new, source)
            _require_move(
                call, decisions, old, new, source, _replaced(call, old, new, flags), flags
            )
            with _require_replaceable(call, decisions, old, new, flags) as exchanged:
                call.ensure_waiting()
                kernel.renameat2(old.parent.fd, old.name, new.parent.fd, new.name, flags)
                if exchanged is not None:
                    call.own.note_exchanged(old.path, new.path)
                    _adopt_object(call, decisions, exchanged, new.path, old.path)
                    _adopt_object(call, decisions, source, old.path, new.path)
                else:
                    is_directory = source.kind == stat.S_IFDIR
                    call.own.note_moved(old.path, new.path, directory=is_directory)
                    _adopt_object(call, decisions, source, old.path, new.path)
            decisions.note_moved(old.path)
            decisions.note_moved(new.path)
    return DONE


def _ensure_free(place: Entry) -> None:
    target = place.existing()
    if target is not None:
        target.close()
        raise failure(errno.EEXIST)


def _replaced(call: Call, old: Entry, new: Entry, flags: int) -> tuple[PathChange, ...]:
    """What a rename removes from its new name, or puts in its old place, so that a person is asked
    about all at once, and about nothing where a part of it is refused."""
    target = None if flags & kernel.RENAME_NOREPLACE else new.existing()
    if target is None:
        return ()
    with target:
        if flags & kernel.RENAME_EXCHANGE:
            return _both(call, new, old, target)
        own = call.own.is_own(call.caller, target)
    return (PathChange(call.caller, Operation.UNLINK, new.path, own),)


def _both(call: Call, old: Entry, new: Entry, source: Handle) -> tuple[PathChange, PathChange]:
    """That an object leaves `old`, and that it comes to `new`."""
    own = call.own.is_own(call.caller, source)
    own_there = call.own.is_own(call.caller, new.parent)
    detail = _what(source, old.path)
    leaves = _leaves(call, Operation.RENAME_FROM, source, old.path, own, new.path)
    comes = PathChange(call.caller, Operation.RENAME_TO, new.path, own_there, detail=detail)
    return leaves, comes


def _require_move(
    call: Call,
    decisions: Decisions,
    old: Entry,
    new: Entry,
    source: Handle,
    replaced: tuple[PathChange, ...] = (),
    flags: int = 0,
) -> None:
    """The object leaves `old` and comes to `new`, and must not gain access by that."""
    leaves, comes = _both(call, old, new, source)
    verdicts = (decisions.verdict(each)[1] for each in (leaves, comes))
    if any(isinstance(each, Ask) for each in verdicts):  # then nobody is, if it fails by itself
        if flags & kernel.RENAME_NOREPLACE:
            _ensure_free(new)
        elif any(each.operation is Operation.UNLINK for each in replaced):
            _fail_by_kind(source, new)
        _ensure_moves(call, decisions, old, new, source, leaves.own)
    decisions.require(leaves, comes, *replaced)
    decisions.require(comes, *replaced)
    call.own.require_room(new.path)
    _ensure_moves(call, decisions, old, new, source, leaves.own)


def _fail_by_kind(source: Handle, place: Entry) -> None:
    """Raise what the kernel says where a directory and something else are to change places."""
    target = place.existing()
    if target is None:
        return
    with target:
        is_directory = target.kind == stat.S_IFDIR
    if is_directory != (source.kind == stat.S_IFDIR):
        raise failure(errno.EISDIR if is_directory else errno.ENOTDIR)


def _ensure_moves(
    call: Call, decisions: Decisions, old: Entry, new: Entry, source: Handle, own: bool
) -> None:
    """Raise OSError for a directory that is to be copied: only what is its own may the sandbox use
    there, and nobody knows what is in it. To copy it makes every part the sandbox's own."""
    used = Open(call.caller, new.path, Access.READ | Access.WRITE)
    if source.kind != stat.S_IFDIR or decisions.allows(used):
        return
    if not own or decisions.allows(Open(call.caller, old.path, Access.WRITE)):
        raise failure(errno.EXDEV)


def _what(source: Handle, path: str) -> str:
    """What comes to a name, for a person: what it was, and of a link where it leads."""
    if source.kind != stat.S_IFLNK:
        return path
    return f"{path}, a link to {os.fsdecode(os.readlink(b'', dir_fd=source.fd))}"


def _leaves(
    call: Call, operation: Operation, source: Handle, path: str, own: bool, target: str
) -> PathChange:
    """A directory takes everything below it along."""
    directory = source.kind == stat.S_IFDIR
    return PathChange(call.caller, operation, path, own, target, directory)


def _note_native_move(call: Call, decisions: Decisions, old: Entry, new: Entry, flags: int) -> None:
    """The same requests as for a move that is performed."""
    pairs = [(old, new), (new, old)] if flags & kernel.RENAME_EXCHANGE else [(old, new)]
    for before, after in pairs if decisions.witness is not None else ():
        source = before.existing()
        if source is None:
            return  # the kernel says so
        with source:
            left = _leaves(call, Operation.RENAME_FROM, source, before.path, False, after.path)
        decisions.note_native(left)
        decisions.note_native(PathChange(call.caller, Operation.RENAME_TO, after.path))


@contextlib.contextmanager
def _require_replaceable(
    call: Call, decisions: Decisions, old: Entry, new: Entry, flags: int
) -> Iterator[Handle | None]:
    """Gives what comes to `old` in exchange. What is the sandbox's own is for after the move."""
    target = new.existing()
    if target is None:
        if flags & kernel.RENAME_EXCHANGE:
            raise failure(errno.ENOENT)
        yield None
        return
    with target:
        if flags & kernel.RENAME_NOREPLACE:
            raise failure(errno.EEXIST)
        if flags & kernel.RENAME_EXCHANGE:
            require_not_kept(call, decisions, Operation.RENAME_FROM, new)
            _require_move(call, decisions, new, old, target)
            yield target
            return
        own = call.own.is_own(call.caller, target)
        decisions.require(PathChange(call.caller, Operation.UNLINK, new.path, own))
    yield None


def link(call: Call, decisions: Decisions) -> Answer:
    """link(2)."""
    n = call.notification
    return _link(call, decisions, (AT_FDCWD, n.a), (AT_FDCWD, n.b), 0)


def linkat(call: Call, decisions: Decisions) -> Answer:
    """linkat(2) in link(2)."""
    n = call.notification
    return _link(call, decisions, (dirfd(n.a), n.b), (dirfd(n.c), n.d), int32(n.e))


def _link(
    call: Call,
    decisions: Decisions,
    old_at: tuple[int, int],
    new_at: tuple[int, int],
    flags: int,
) -> Answer:
    if flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH):
        raise failure(errno.EINVAL)
    path = call.path(old_at[1])
    if not path and flags & AT_EMPTY_PATH:
        raise failure(errno.ENOENT)  # what a caller without CAP_DAC_READ_SEARCH gets
    follow = bool(flags & AT_SYMLINK_FOLLOW)
    with (
        locate(call.caller, old_at[0], path, follow=follow) as source,
        entry(call.caller, new_at[0], call.path(new_at[1]), errno.EEXIST) as place,
    ):
        everything = Access.READ | Access.WRITE
        if is_in_floor(decisions, place) and (
            source.is_anonymous
            or (
                decisions.floor_covers(source.path, everything)
                # What leads out of a carved directory the kernel answers with EXDEV.
                and decisions.floor_covers(parent(source.path), Access.WRITE)
            )
        ):
            left = _leaves(call, Operation.LINK_FROM, source, source.path, False, place.path)
            decisions.note_native(left)
            decisions.note_native(PathChange(call.caller, Operation.LINK_TO, place.path))
            return CONTINUE
        own = call.own.is_own(call.caller, source)
        there = call.own.is_own(call.caller, place.parent)
        detail = _what(source, source.path)
        decisions.require(
            _leaves(call, Operation.LINK_FROM, source, source.path, own, place.path),
            PathChange(call.caller, Operation.LINK_TO, place.path, there, detail=detail),
        )
        require_new(call, decisions, place, Operation.LINK_TO, detail)
        os.link(source.name, place.name, dst_dir_fd=place.parent.fd, follow_symlinks=True)
        _adopt_object(call, decisions, source, source.path, place.path)
    return DONE


def _adopt_object(call: Call, decisions: Decisions, moved: Handle, before: str, after: str) -> None:
    """What comes to a shared place is the sandbox's own there, if it could use it before.

    Otherwise moving a file out of a place where it may only be written would make it readable;
    so it is only to be removed at the end.
    """
    own = call.own.is_own_file(before, moved.fd)
    if decisions.allows(Open(call.caller, before, Access.READ | Access.WRITE, own)):
        call.own.record_created(after, moved.fd)
    else:
        call.own.record_left(after, moved.fd)
