"""How many processes and threads a sandbox has, and whether it may have one more."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable

from nono.supervisor.linux.calls.answers import CONTINUE, Continue, Fail
from nono.supervisor.linux.processes import name_of, state_of

_ON_THE_WAY_SECONDS = 0.1
"""How long one that was let through is counted besides those that are seen."""
_ANSWERED_SECONDS = 0.005
"""How long it may take until the answer is given."""
_GONE = ("", "Z", "X")
_FULL_SECONDS = 0.01
"""How long nobody counts again after a refusal; whoever asks meanwhile waits for that."""


class ForkCount:
    """Of one sandbox. `count` tells how many processes and threads there are now.

    There is room for some, which is taken one by one; when none is left, those that live are
    counted. May be used from any thread: each program of the sandbox has a loop of its own.
    """

    def __init__(self, limit: int, count: Callable[[], int]) -> None:
        self.limit = limit
        self.refused = 0
        """How many calls were refused."""
        self.program = ""
        """Who made the last of them."""
        self._count = count
        self._room = 0
        self._full_until = 0.0
        self._on_the_way: dict[int, float] = {}
        self._lock = threading.Lock()

    def start_program(self) -> None:
        """One more, which is started by us. Raises BlockingIOError where there is no room."""
        with self._lock:
            if not self._may_take(0, time.monotonic()):
                raise BlockingIOError(errno.EAGAIN, "no more processes")

    def answer(self, tid: int) -> Continue | Fail | None:
        """To a thread that wants to make one; None while that cannot be told."""
        now = time.monotonic()
        with self._lock:
            self._on_the_way.pop(tid, None)
            if self._room <= 0 and now < self._full_until:
                return None  # some may have ended since
            if self._may_take(tid, now):
                return CONTINUE
            if now >= self._full_until:
                return None  # there is room for some on the way that may not all come
            self.refused += 1
        self._note_program(tid)
        return Fail(errno.EAGAIN)

    def _may_take(self, tid: int, now: float) -> bool:
        if self._room <= 0:
            self._on_the_way = {
                each: since
                for each, since in self._on_the_way.items()
                if _is_on_the_way(each, now - since)
            }
            there = self._count()
            if there >= self.limit:
                self._on_the_way.clear()
                self._full_until = now + _FULL_SECONDS
            self._room = self.limit - there - len(self._on_the_way)
        if self._room <= 0:
            return False
        self._room -= 1
        self._on_the_way[tid] = now
        return True

    def _note_program(self, tid: int) -> None:
        try:
            self.program = name_of(tid)
        except OSError:  # it is gone
            return


def _is_on_the_way(tid: int, seconds: float) -> bool:
    """Whether a thread may still be about to make what it was let through for, so long ago.

    Not when it is gone or sleeps: it runs from our answer until the kernel is done.
    """
    state = state_of(tid)
    is_done = state in _GONE or (state == "S" and seconds > _ANSWERED_SECONDS)
    return not is_done and seconds < _ON_THE_WAY_SECONDS
