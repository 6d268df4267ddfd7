"""How much one person is asked: a flood is refused and counted, and who is refused is quiet."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from nono.broker.asking.history import around
from nono.broker.asking.question import Program, Subject

MAX_WAITING = 20
"""Questions that wait at the same time. What comes beyond is refused."""
_MAX_REFUSALS = 3
_REFUSAL_SECONDS = 10.0
_QUIET_SECONDS = 60.0
_MAX_ROOTS = 1024

Root = tuple[str, str]
"""What refusals are counted by: a kind of thing, and which one it is."""


def roots_of(program: Program, subject: Subject) -> tuple[Root, Root]:
    """The executable, and what the subject lies in.

    Not the script nor the arguments, which a program chooses for each child; and a copy of the
    executable under another name still asks about the same things.
    """
    return ("program", program.process.exe), ("about", around(subject) or subject.value)


class Limits:
    """Used from trio's thread. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._refusals: dict[Root, deque[float]] = {}
        self._quiet: dict[Root, float] = {}
        self.refused = 0
        """How many calls were refused without a question, since there were too many."""

    def is_quiet(self, *roots: Root) -> bool:
        """Whether one of them is refused without a question for now."""
        return any([self._is_quiet(root) for root in roots])

    def _is_quiet(self, root: Root) -> bool:
        until = self._quiet.get(root)
        if until is not None and self._clock() >= until:
            del self._quiet[root]
            return False
        return until is not None

    def note_refusal(self, *roots: Root) -> bool:
        """A question with these was refused; True when one becomes quiet by that."""
        return any([self._note_refusal(root) for root in roots])

    def _note_refusal(self, root: Root) -> bool:
        now = self._clock()
        if len(self._refusals) >= _MAX_ROOTS:
            self._refusals.clear()
        if len(self._quiet) >= _MAX_ROOTS:
            self._quiet = {each: until for each, until in self._quiet.items() if until > now}
        times = self._refusals.setdefault(root, deque(maxlen=_MAX_REFUSALS))
        times.append(now)
        if len(times) < _MAX_REFUSALS or now - times[0] > _REFUSAL_SECONDS:
            return False
        times.clear()
        self._quiet[root] = now + _QUIET_SECONDS
        return True
