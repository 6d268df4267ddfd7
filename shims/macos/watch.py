"""Hearing of processes that start others and that end: EVFILT_PROC of kqueue(2).

The kernel says that a process has started another, and not which: who watches has to look.
"""

from __future__ import annotations

import errno
import select
import sys
from typing import NamedTuple

from nono.shims.errors import failure

_AT_ONCE = 64


class Event(NamedTuple):
    """Of one process: it has started others since, or it has ended, or both."""

    pid: int
    forked: bool
    ended: bool


class Watch:
    """Some processes. Raises OSError where the system has no such thing. Close it."""

    def __init__(self) -> None:
        if sys.platform != "darwin":
            raise failure(errno.ENOSYS)
        self._queue = select.kqueue()

    def fileno(self) -> int:
        """What can be read when there is something to hear."""
        if sys.platform != "darwin":
            raise failure(errno.ENOSYS)
        return self._queue.fileno()

    def add(self, pid: int) -> bool:
        """Watch this process, too; False when it is gone. Raises OSError."""
        if sys.platform != "darwin":
            raise failure(errno.ENOSYS)
        notes = select.KQ_NOTE_FORK | select.KQ_NOTE_EXIT
        wanted = select.kevent(pid, select.KQ_FILTER_PROC, select.KQ_EV_ADD, notes)
        try:
            self._queue.control([wanted], 0, 0)
        except ProcessLookupError:
            return False
        return True

    def heard(self) -> list[Event]:
        """What has happened and was not told yet. Does not wait. Raises OSError."""
        if sys.platform != "darwin":
            raise failure(errno.ENOSYS)
        found = []
        while events := self._queue.control(None, _AT_ONCE, 0):
            for event in events:
                forked = bool(event.fflags & select.KQ_NOTE_FORK)
                found.append(Event(event.ident, forked, bool(event.fflags & select.KQ_NOTE_EXIT)))
            if len(events) < _AT_ONCE:
                break
        return found

    def close(self) -> None:
        """Watch no more."""
        if sys.platform == "darwin":
            self._queue.close()
