"""Signals on every platform: what a program inherits of them, and when enough is enough."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

_MAX_INTERRUPTS = 3
_IMPATIENT_SECONDS = 2.0
# Python itself ignores these in every process; a program expects the default.
_IGNORED_BY_PYTHON = {signal.SIGPIPE, signal.SIGXFSZ}


class Ending:
    """When somebody has asked often enough, the sandbox is killed, whatever the program heeds."""

    def __init__(self, kill: Callable[[], None]) -> None:
        self.signal = 0
        """What was the last word; 0 while nothing was."""
        self._kill = kill
        self._asked: set[bool] = set()
        self._interrupts: list[float] = []

    def note(self, number: int, to_group: bool) -> None:
        """A signal was received: the second SIGTERM ends it, so does a SIGINT after the first,
        and so do three SIGINT that follow each other quickly.

        timeout(1) sends one to us and one to the group, which is no second one.
        """
        now = time.monotonic()
        if number == signal.SIGINT:
            recent = [each for each in self._interrupts if now - each < _IMPATIENT_SECONDS]
            self._interrupts = [*recent, now]
        elif number != signal.SIGTERM:
            return
        again = bool(self._asked) if number == signal.SIGINT else to_group in self._asked
        if again or len(self._interrupts) >= _MAX_INTERRUPTS:
            self.signal = number
            self._kill()
        if number == signal.SIGTERM:
            self._asked.add(to_group)


def inherited_signals() -> tuple[list[int], list[int]]:
    """The signals that this process ignores, and those that the calling thread blocks.

    The program starts with both, as it would without nono.
    """
    ignored = [
        int(number)
        for number in signal.valid_signals()
        if signal.getsignal(number) is signal.SIG_IGN and number not in _IGNORED_BY_PYTHON
    ]
    mask = [int(number) for number in signal.pthread_sigmask(signal.SIG_BLOCK, [])]
    return ignored, mask
