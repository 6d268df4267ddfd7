"""How much one person is asked: a flood is refused and counted, and who is refused is quiet."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

MAX_WAITING = 20
"""Questions that wait at the same time. What comes beyond is refused."""
_MAX_REFUSALS = 3
_REFUSAL_SECONDS = 10.0
_QUIET_SECONDS = 60.0
_MAX_ROOTS = 1024

Root = tuple[str, str]
"""What refusals are counted by: an executable, and the place that it asks about."""


class Limits:
    """Used from any thread. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._refusals: dict[Root, deque[float]] = {}
        self._quiet: dict[Root, float] = {}
        self.refused = 0
        """How many calls were refused without a question, since there were too many."""

    def note_refused(self) -> None:
        """One more call is refused without a question."""
        with self._lock:
            self.refused += 1

    @property
    def has_quiet(self) -> bool:
        """False where nobody is quiet, so that nobody has to find out who asks."""
        return bool(self._quiet)

    @property
    def has_refusals(self) -> bool:
        """False where nothing was refused that counts."""
        return bool(self._refusals)

    def is_quiet(self, root: Root) -> bool:
        """Whether it is refused without a question for now."""
        with self._lock:
            return self._is_quiet(root)

    def _is_quiet(self, root: Root) -> bool:
        until = self._quiet.get(root)
        if until is not None and self._clock() >= until:
            del self._quiet[root]
            return False
        return until is not None

    def is_last(self, root: Root) -> bool:
        """Whether one more refusal makes it quiet."""
        with self._lock:
            now, times = self._clock(), self._refusals.get(root, ())
            return sum(now - each <= _REFUSAL_SECONDS for each in times) >= _MAX_REFUSALS - 1

    def ask_again(self) -> bool:
        """Nothing is quiet any more; False where nothing was."""
        with self._lock:
            was_quiet = any([self._is_quiet(root) for root in [*self._quiet]])
            self._quiet.clear()
            self._refusals.clear()
            return was_quiet

    def note_refusal(self, root: Root, may_be_last: bool = True) -> bool:
        """A question with this root was refused; True when it becomes quiet by that."""
        with self._lock:
            return self._note_refusal(root, may_be_last)

    def _note_refusal(self, root: Root, may_be_last: bool) -> bool:
        now = self._clock()
        if len(self._refusals) >= _MAX_ROOTS:
            self._refusals.clear()
        if len(self._quiet) >= _MAX_ROOTS:
            self._quiet = {each: until for each, until in self._quiet.items() if until > now}
        times = self._refusals.setdefault(root, deque(maxlen=_MAX_REFUSALS))
        times.append(now)
        is_enough = len(times) == _MAX_REFUSALS and now - times[0] <= _REFUSAL_SECONDS
        if not (is_enough and may_be_last):
            return False
        times.clear()
        self._quiet[root] = now + _QUIET_SECONDS
        return True
