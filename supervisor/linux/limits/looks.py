"""What no kernel limit holds for all processes together is looked at, and the sandbox then ended.

Processor time cannot be used up faster than by all processors, so the next look is as late as that
allows. What is written, and memory without a control group, is looked at at a steady pace.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence

from nono.broker.named_tuple import NamedTuple
from nono.supervisor.faults import Faults

PACE_SECONDS = 0.05
_MIN_SECONDS = 0.005
_MAX_SECONDS = 60.0
_LOOKS_OF_A_LOSS = 3


class Measured(NamedTuple):
    """How much is used, and whose most of it is, if anybody knows."""

    used: float
    pid: int = 0


class Look:
    """At one limit. `measure` is called in the thread of the looks."""

    def __init__(
        self,
        name: str,
        limit: float,
        measure: Callable[[], Measured],
        *,
        per_second: float | None = None,
        adds_up: bool = False,
    ) -> None:
        """It grows by `per_second` at the most, if that is known.

        What `adds_up` never shrinks: when less is seen of it, somebody is gone who had used it.
        """
        self.name, self.limit = name, limit
        self._measure = measure
        self._per_second = per_second
        self._adds_up = adds_up
        self._gone = self._most = 0.0
        self._below: list[float] = []
        self.last = Measured(0.0)

    def is_over(self) -> bool:
        """Look now."""
        found = self._measure()
        self.last = found._replace(used=self._in_all(found.used) if self._adds_up else found.used)
        return self.last.used > self.limit

    def pause(self) -> float:
        """Seconds until it may be over."""
        if self._per_second is None:
            return PACE_SECONDS
        left = (self.limit - self.last.used) / self._per_second
        return min(max(left, _MIN_SECONDS), _MAX_SECONDS)

    def _in_all(self, used: float) -> float:
        """A loss is believed when it stays: what is waited for is its parent's a moment later."""
        self._below = [*self._below, used] if used < self._most else []
        if len(self._below) >= _LOOKS_OF_A_LOSS:
            self._gone += self._most - max(self._below)
            self._most, self._below = max(self._below), []
        self._most = max(self._most, used)
        return self._gone + self._most


class Looks:
    """A thread that looks until a limit is reached, or it is closed."""

    def __init__(self, looks: Sequence[Look], on_reached: Callable[[Look], None]) -> None:
        self._looks = looks
        self._on_reached = on_reached
        self._closed = threading.Event()
        self.faults = Faults()
        self._thread = threading.Thread(target=self._run, name="nono-limits", daemon=True)

    def start(self) -> None:
        """Raises RuntimeError when no thread can be started."""
        self._thread.start()

    def _run(self) -> None:
        try:
            while True:
                for look in self._looks:
                    if look.is_over():
                        self._on_reached(look)
                        return
                if self._closed.wait(min(look.pause() for look in self._looks)):
                    return
        except Exception:
            # What is not looked at is not held.
            self.faults.note()
            self._on_reached(self._looks[0])

    def close(self) -> None:
        """From any thread but its own; may be called twice."""
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join()


def processors() -> int:
    """How many may work for this process at the same time."""
    return len(os.sched_getaffinity(0))
