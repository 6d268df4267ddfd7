"""The loop of a run that counts its calls: `nono run --stats`.

It answers as the other one does. How long a call took is from when it was received to when its
answer was ready, or it was handed over because it waits: for a person, a lock, a connection. To
give the answer is not counted: whoever gets it may go on at once, on this processor.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from time import perf_counter_ns

from nono.broker import Request
from nono.broker.counting.tally import By, Elsewhere, How, Tally
from nono.shims.linux.lane import COUNTED
from nono.shims.linux.memory import Memory
from nono.shims.linux.notify import Notification
from nono.shims.linux.syscall_classes import machine, table
from nono.supervisor.decisions.counted import CountedDecisions
from nono.supervisor.decisions.undecided import Once
from nono.supervisor.linux.calls.answers import WAITING, Answer, Continue, Fail
from nono.supervisor.linux.calls.lanes.compiled_lane import CompiledLane
from nono.supervisor.linux.calls.loop import Loop
from nono.supervisor.linux.calls.making import Making

_Clock = Callable[[], int]
_HOW_COMPILED = (How.CONTINUED, How.PERFORMED, How.FAILED)
"""What the lane in C counts apart, in its order."""


class CountedLoop(Loop):
    """Serves as `Loop` does; `count` has to be called before it runs."""

    def count(self, tally: Tally, clock: _Clock = perf_counter_ns) -> None:
        """Count every call from now on; `clock` tells nanoseconds."""
        self._tally = tally
        self._clock = clock
        self._names = {call.number: name for name, call in table(machine()).items()}
        self._handled = self._ready = 0
        compiled = self._compiled
        if compiled is not None:
            compiled.count()
            tally.add_source(lambda: _counted(compiled))

    def _serve(self, notification: Notification) -> Answer:
        begin = self._clock()
        answer = super()._serve(notification)
        took = self._ready - begin
        kind = self._names.get(notification.number, "unknown")
        by = By.HANDLER if self._handled == notification.id else By.LANE
        self._tally.note(kind, by, _how(answer), took)
        name = self._object()
        if name:
            self._tally.note_object(kind, name, took)
        return answer

    def _decide(self, notification: Notification) -> Answer:
        try:
            return super()._decide(notification)
        finally:
            self._ready = self._clock()

    def _handle(
        self,
        notification: Notification,
        memory: Memory,
        making: Making,
        once: Once,
        copied: tuple[int, bytes] | None = None,
        give: Callable[[int, int, int], bool] | None = None,
    ) -> Answer:
        self._handled = notification.id
        return super()._handle(notification, memory, making, once, copied, give)

    def _object(self) -> str:
        """What the call was about: what was decided on, else what the lane found it to be.

        What nobody had to find is told as the program named it.
        """
        decisions = self.decisions
        request = decisions.take_request() if isinstance(decisions, CountedDecisions) else None
        if request is not None:
            return name_of(request)
        lane = self._fast_lane
        if lane is None or lane.copied is None:
            return ""
        return os.fsdecode(lane.plain or lane.copied[1])


def name_of(request: Request) -> str:
    """The object of a request, as a program may have named it: a path, or a host and a port."""
    path = getattr(request, "path", "")
    if path:
        return str(path)
    host = getattr(request, "host", None) or getattr(request, "address", "")
    return f"{host}:{getattr(request, 'port', '')}" if host else ""


def _how(answer: Answer) -> How:
    match answer:
        case Continue():
            return How.CONTINUED
        case Fail():
            return How.FAILED
    return How.WAITED if isinstance(answer, WAITING) else How.PERFORMED


def _counted(compiled: CompiledLane) -> Elsewhere:
    counts = compiled.counts
    if counts is None:
        return Elsewhere((), {})
    ways = [(kind, how) for kind in COUNTED for how in _HOW_COMPILED]
    pairs = zip(ways, counts.calls, counts.nanoseconds, strict=True)
    return Elsewhere(
        tuple((*way, calls, nanoseconds) for way, calls, nanoseconds in pairs),
        {bucket: count for bucket, count in enumerate(counts.buckets) if count},
    )
