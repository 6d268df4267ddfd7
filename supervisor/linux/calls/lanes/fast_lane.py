"""The fast lane: an open that the floor obviously covers is *continued because the floor holds*.

It answers the commonest case alone, with as few calls and objects as it can, and leaves the rest
to the handlers: they decide the same about what it lets pass, only later. Obvious is a path whose
text is canonical, which the floor grants, and which has no symbolic link on its way; and one that
leads by links to what the floor grants, unless some name that leads there may be refused. Nothing
is ever performed, refused or remembered here, so a caller that changes the path or the tree
meanwhile gains nothing: the kernel checks the call against the floor again.

So is a send to an address that is no unix socket's, such as an IP address: only unix sockets need
us to send, and where the others send needs no decision (`sockets.py`).

This is a seam. Where a lane in C was compiled (shims/linux/lane.c) it takes the place of `covers`
together with receiving and continuing: without rules it lets pass the same.
"""

from __future__ import annotations

import os
import sys
from _socket import AF_UNIX

from nono.broker.compiled import pattern_of
from nono.shims.linux.at import AT_FDCWD
from nono.shims.linux.memory import Memory
from nono.shims.linux.notify import Notification
from nono.shims.linux.openat2 import RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS, openat2
from nono.shims.linux.syscall_classes import machine, table
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.linux.calls.call import int32
from nono.supervisor.linux.calls.files.open_flags import (
    NEW_DIRECTORY,
    O_TMPFILE,
    access_of,
    floor_checks,
    makes_set_id,
)
from nono.supervisor.linux.calls.files.ruled import is_ruled
from nono.supervisor.linux.calls.resolving.handles import HANDLE_FLAGS

_UNIX = AF_UNIX.to_bytes(2, sys.byteorder)
"""How the address of a unix socket begins."""
_BY_NAME = os.O_EXCL | os.O_NOFOLLOW | O_TMPFILE & ~os.O_DIRECTORY
"""With one of these the name counts, and not what it leads to."""
_MAKING = os.O_CREAT | O_TMPFILE & ~os.O_DIRECTORY
_DOTS = pattern_of(rb"(?:^|/)\.\.?(?:/|$)")


class FastLane:
    """Used from the loop's thread."""

    def __init__(self, decisions: Decisions, memory: Memory) -> None:
        self._decisions = decisions
        self._memory = memory
        self.copied: tuple[int, bytes] | None = None
        """Where the path of the last call stands and what stood there, if it was copied."""
        self.plain = b""
        """The canonical path of what the last call is about, as far as it is known."""
        self.left = 0
        """The id of a call that the lane in C is known to have left: it is not looked at again."""
        known = table(machine())
        self._openat = known["openat"].number
        self._sendto = known["sendto"].number
        self._open = known["open"].number if "open" in known else -1  # not on aarch64

    def covers(self, call: Notification) -> bool:
        """True when the call is an open(2), openat(2) or sendto(2) that may be continued.

        Raises OSError (EFAULT, ENAMETOOLONG, ESRCH, EPERM) when the path cannot be read.
        """
        self.copied = None
        self.plain = b""
        if call.id == self.left:
            return False
        if call.number == self._openat:
            start, address, flags, mode = call.a, call.b, call.c, call.d
        elif call.number == self._open:
            start, address, flags, mode = AT_FDCWD, call.a, call.b, call.c
        else:
            return call.number == self._sendto and self._is_for_no_unix_socket(call)
        if flags & os.O_PATH:
            return True
        if not floor_checks(flags) or makes_set_id(flags, mode):
            return False
        if flags & NEW_DIRECTORY == NEW_DIRECTORY:  # the handler knows which kernel refuses it
            return False
        given = path = self._memory.path(call.tid, address)
        self.copied = (address, path)
        if path[:1] != b"/":
            path = completed(call.tid, int32(start), path)
        # False for any text but that of a canonical path.
        if self._decisions.floor_covers(os.fsdecode(path), access_of(flags)):
            self.plain = path
            try:
                is_held = self._is_ruled(path, path, flags)
            except FileNotFoundError:
                return not flags & os.O_CREAT
            except OSError:
                pass  # a link, by which it may still lead there
            else:
                return is_held
        return self._leads_inside(call.tid, int32(start), given, flags)

    def _is_ruled(self, given: bytes, path: bytes, flags: int) -> bool:
        """Whether the floor that covers a path is on what is there. Raises OSError for a link."""
        handle = openat2(AT_FDCWD, given, HANDLE_FLAGS, 0, RESOLVE_NO_SYMLINKS)
        try:
            return is_ruled(self._decisions, os.fsdecode(path), access_of(flags), handle)
        finally:
            os.close(handle)

    def _leads_inside(self, tid: int, start: int, path: bytes, flags: int) -> bool:
        """Whether the floor grants what is there for the caller, whatever links lead to it."""
        if self._decisions.refuses_names or flags & _BY_NAME or not path:
            return False
        if flags & os.O_CREAT and path.endswith(b"/"):
            return False
        self.plain = real = _object(tid, start, path)
        if not self._decisions.floor_covers(os.fsdecode(real), access_of(flags)):
            return False
        if not self._decisions.floor.rules_itself(os.fsdecode(real), access_of(flags)):
            return True
        try:
            return self._is_ruled(real, real, flags)
        except OSError:
            return False  # another thing is there meanwhile

    def covers_dotted(self, call: Notification) -> bool:
        """The same for an open of an existing path with `.` or `..` in it: fts(3) goes up by them.

        Without a symbolic link on the way such a path means what its text does.
        """
        if call.number == self._openat:
            start, address, flags = call.a, call.b, call.c
        elif call.number == self._open:
            start, address, flags = AT_FDCWD, call.a, call.b
        else:
            return False
        if flags & _MAKING or not floor_checks(flags):
            return False
        if self.copied is None:  # by the lane in C, which left it, it was read for itself
            self.copied = (address, self._memory.path(call.tid, address))
        path = self.copied[1]
        if not _DOTS.search(path):
            return False
        if path[:1] != b"/":
            path = completed(call.tid, int32(start), path)
        plain = os.path.normpath(path)
        if not self._decisions.floor_covers(os.fsdecode(plain), access_of(flags)):
            return False
        try:
            is_held = self._is_ruled(path, plain, flags)
        except OSError:
            return False
        self.plain = plain
        return is_held

    def _is_for_no_unix_socket(self, call: Notification) -> bool:
        """By the address, which the kernel does not take for another family's."""
        if not call.e or int32(call.f) < len(_UNIX):
            return True
        return self._memory.bytes(call.tid, call.e, len(_UNIX)) != _UNIX


def _object(tid: int, start: int, path: bytes) -> bytes:
    """The path of what is there; nothing where it has none that means the same for the caller."""
    try:
        anchor = AT_FDCWD if path[:1] == b"/" else os.open(_link(tid, start), HANDLE_FLAGS)
        try:
            handle = openat2(anchor, path, HANDLE_FLAGS, 0, RESOLVE_NO_MAGICLINKS)
        finally:
            if anchor != AT_FDCWD:
                os.close(anchor)
        try:
            real = os.readlink(b"/proc/self/fd/%d" % handle)
        finally:
            os.close(handle)
    except OSError:
        return b""
    return b"" if real.endswith(b" (deleted)") or (real + b"/").startswith(b"/proc/") else real


def _link(tid: int, fd: int) -> bytes:
    return b"/proc/%d/cwd" % tid if fd == AT_FDCWD else b"/proc/%d/fd/%d" % (tid, fd)


def completed(tid: int, fd: int, path: bytes) -> bytes:
    """`path` below the thread's working directory or descriptor; nothing when there is none."""
    try:
        return b"%b/%b" % (os.readlink(_link(tid, fd)), path)
    except OSError:
        return b""
