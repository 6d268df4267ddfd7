"""How much one person is asked: a flood is refused and counted, and who is refused is quiet."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from nono.broker.asking.question import Program

MAX_WAITING = 20
"""Questions that wait at the same time. What comes beyond is refused."""
_MAX_REFUSALS = 3
_REFUSAL_SECONDS = 10.0
_QUIET_SECONDS = 60.0
_MAX_PROGRAMS = 1024

Root = tuple[str, str]
"""A program, and the script that it runs."""


def root_of(program: Program) -> Root:
    """What refusals are counted by: a program may say what it likes here, and gains only quiet."""
    return program.process.exe, program.script


class Limits:
    """Used from trio's thread. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._refusals: dict[Root, deque[float]] = {}
        self._quiet: dict[Root, float] = {}
        self.refused = 0
        """How many calls were refused without a question, since there were too many."""

    def is_quiet(self, root: Root) -> bool:
        """Whether the program is refused without a question for now."""
        until = self._quiet.get(root)
        if until is not None and self._clock() >= until:
            del self._quiet[root]
            return False
        return until is not None

    def note_refusal(self, root: Root) -> bool:
        """A question of the program's was refused; True when it becomes quiet by that."""
        now = self._clock()
        if len(self._refusals) >= _MAX_PROGRAMS:
            self._refusals.clear()
        times = self._refusals.setdefault(root, deque(maxlen=_MAX_REFUSALS))
        times.append(now)
        if len(times) < _MAX_REFUSALS or now - times[0] > _REFUSAL_SECONDS:
            return False
        times.clear()
        self._quiet[root] = now + _QUIET_SECONDS
        return True
