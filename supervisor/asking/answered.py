"""What was asked in a run and what came of it, for the report, the audit and `status`."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from nono.broker.asking.question import Question
from nono.broker.rules.rule import Effect, Origin

_MAX_KEPT = 1000


@dataclass(frozen=True, slots=True)
class Answered:
    """A question and its answer. `words` are the offer's; `origin` is of the rules that it gave.

    `channel` is empty where nobody could be asked, `effect` None where nobody answered.
    `milliseconds` are from the question to the answer; `calls` are those that it settled.
    """

    question: Question
    channel: str
    person: str
    effect: Effect | None
    lasts: str
    words: str
    milliseconds: int
    calls: int
    origin: Origin | None = None


class Asked:
    """All of a run, the first 1,000 of them. May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: list[Answered] = []
        self.notes: list[str] = []
        """What a person should know about how it was asked."""
        self.count = 0

    def note(self, answered: Answered) -> None:
        with self._lock:
            self.count += 1
            if len(self._kept) < _MAX_KEPT:
                self._kept.append(answered)

    def all(self) -> list[Answered]:
        """As of now, in their order."""
        with self._lock:
            return list(self._kept)
