"""Changes of names that the floor obviously holds: *continued because the floor holds*.

A program that installs something makes, renames and removes thousands of names in places where
nothing is refused. As in `fast_lane.py`, obvious is a directory whose path is canonical text and
has no symbolic link in it, and in which the floor grants to write. What passes here the handlers
would let pass as well; whatever is left over they decide. Nothing is performed, refused or
resolved to a handle, so a caller that changes the path or the tree meanwhile gains nothing: the
kernel checks the call against the floor again. A witness is told what the handlers would tell.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable

from nono.broker import Access, Operation, PathChange
from nono.broker.named_tuple import NamedTuple
from nono.shims.linux.at import AT_FDCWD, AT_REMOVEDIR
from nono.shims.linux.memory import Memory
from nono.shims.linux.notify import Notification
from nono.shims.linux.openat2 import RESOLVE_NO_SYMLINKS, openat2
from nono.shims.linux.syscall_classes import machine, table
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.linux.calls.call import int32
from nono.supervisor.linux.calls.files import set_id
from nono.supervisor.linux.calls.files.open_flags import (
    O_TMPFILE,
    access_of,
    floor_checks,
    makes_set_id,
)
from nono.supervisor.linux.calls.lanes.fast_lane import completed
from nono.supervisor.linux.calls.resolving.caller import Caller
from nono.supervisor.linux.calls.resolving.handles import HANDLE_FLAGS

_DIRECTORY_FLAGS = HANDLE_FLAGS | os.O_DIRECTORY
_NOT_NAMES = frozenset({"", ".", ".."})


class _Name(NamedTuple):
    """An operand of a call: a directory descriptor, and where its path stands."""

    directory: int
    address: int


class NativeChanges:
    """Used from the loop's thread."""

    def __init__(self, decisions: Decisions, memory: Memory, init_pid: int) -> None:
        self._decisions = decisions
        self._memory = memory
        self._init_pid = init_pid
        served: dict[str, Callable[[Notification], bool]] = {
            "mkdir": lambda n: self._makes(n.tid, _Name(AT_FDCWD, n.a), n.b),
            "mkdirat": lambda n: self._makes(n.tid, _Name(n.a, n.b), n.c),
            "rmdir": lambda n: self._removes(n.tid, _Name(AT_FDCWD, n.a), Operation.RMDIR),
            "unlink": lambda n: self._removes(n.tid, _Name(AT_FDCWD, n.a), Operation.UNLINK),
            "unlinkat": self._unlinkat,
            "rename": lambda n: self._renames(n.tid, _Name(AT_FDCWD, n.a), _Name(AT_FDCWD, n.b)),
            "renameat": lambda n: self._renames(n.tid, _Name(n.a, n.b), _Name(n.c, n.d)),
            "renameat2": self._renameat2,
            "open": lambda n: self._opens(n.tid, _Name(AT_FDCWD, n.a), n.b, n.c),
            "openat": lambda n: self._opens(n.tid, _Name(n.a, n.b), n.c, n.d),
            "creat": self._creat,
        }
        known = table(machine())
        # Some of them aarch64 does not have.
        self._served = {known[name].number: each for name, each in served.items() if name in known}

    def cover(self, call: Notification) -> bool:
        """True when the call changes names only where the floor holds it, and may be continued.

        Raises OSError when a path cannot be read, or a witness that is required cannot record it.
        """
        serve = self._served.get(call.number)
        return serve is not None and serve(call)

    def _makes(self, tid: int, name: _Name, mode: int) -> bool:
        if set_id.gives(mode):
            return False
        path = self._in_floor(tid, name)
        if path is None or path in self._decisions.awaited:
            return False
        self._note(tid, Operation.MKDIR, path)
        return True

    def _removes(self, tid: int, name: _Name, operation: Operation) -> bool:
        path = self._in_floor(tid, name)
        if path is None:
            return False
        self._note(tid, operation, path)
        return True

    def _unlinkat(self, n: Notification) -> bool:
        flags = int32(n.c)
        if flags & ~AT_REMOVEDIR:
            return False
        operation = Operation.RMDIR if flags else Operation.UNLINK
        return self._removes(n.tid, _Name(n.a, n.b), operation)

    def _renameat2(self, n: Notification) -> bool:
        if int32(n.e):
            return False
        return self._renames(n.tid, _Name(n.a, n.b), _Name(n.c, n.d))

    def _renames(self, tid: int, old: _Name, new: _Name) -> bool:
        before = self._in_floor(tid, old)
        after = None if before is None else self._in_floor(tid, new)
        if before is None or after is None:
            return False
        if self._decisions.witness is not None:
            try:
                directory = stat.S_ISDIR(os.lstat(before).st_mode)
            except OSError:
                return False  # the handler tells what the kernel would
            caller = Caller(tid, self._init_pid)
            left = PathChange(caller, Operation.RENAME_FROM, before, False, after, directory)
            self._decisions.note_native(left)
            self._note(tid, Operation.RENAME_TO, after)
        return True

    def _creat(self, n: Notification) -> bool:
        flags = os.O_CREAT | os.O_WRONLY | os.O_TRUNC
        return self._opens(n.tid, _Name(AT_FDCWD, n.a), flags, n.b)

    def _opens(self, tid: int, name: _Name, flags: int, mode: int) -> bool:
        """An open that makes its file, which is not there."""
        if not flags & os.O_CREAT or flags & os.O_PATH or flags & O_TMPFILE == O_TMPFILE:
            return False
        if not floor_checks(flags) or makes_set_id(flags, mode):
            return False
        path = self._in_floor(tid, name, access_of(flags) | Access.WRITE)
        if path is None or os.path.lexists(path):
            return False
        self._note(tid, Operation.CREATE, path)
        return True

    def _in_floor(self, tid: int, name: _Name, access: Access = Access.WRITE) -> str | None:
        """The path, where the floor obviously grants `access` in its directory."""
        text = self._memory.path(tid, name.address)
        if text[:1] != b"/":
            text = completed(tid, int32(name.directory), text)
        path = os.fsdecode(text)
        above, _, last = path.rpartition("/")
        directory = above or "/"
        if last in _NOT_NAMES:
            return None
        decisions = self._decisions
        # False for any text but that of a canonical path.
        if not decisions.floor_covers(directory, access):
            return None
        if not decisions.floor_covers(path, Access.WRITE):
            return None
        with contextlib.suppress(OSError):
            there = os.fsencode(directory)
            os.close(openat2(AT_FDCWD, there, _DIRECTORY_FLAGS, 0, RESOLVE_NO_SYMLINKS))
            return path
        return None

    def _note(self, tid: int, operation: Operation, path: str) -> None:
        if self._decisions.witness is not None:
            caller = Caller(tid, self._init_pid)
            self._decisions.note_native(PathChange(caller, operation, path))
