"""What was asked in a run and what came of it, for the report and `status`."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING

from nono.broker import Effect, Origin, visible
from nono.broker.asking.offers.entries import flags_of
from nono.broker.asking.question import MAX_OBJECTS, Lasts, Offer, Question
from nono.broker.audit.answer_records import Answered, Changed
from nono.broker.explaining.explain import summary

if TYPE_CHECKING:
    from nono.supervisor.audit.writer import Audit

_MAX_KEPT = 1000
_MAX_FLAGS = 8


def answered(
    question: Question,
    offer: Offer | None,
    channel: str,
    person: str,
    seconds: float,
    calls: int,
    origin: Origin | None,
) -> Answered:
    """The record of an answer; without an `offer` nobody gave one."""
    return Answered(
        time.time_ns(),
        asked(question),
        channel,
        visible(person),
        "" if offer is None else offer.effect.value,
        "" if offer is None else offer.lasts.value,
        "" if offer is None else offer.words,
        round(seconds * 1000),
        calls,
        origin,
        () if offer is None else _flags(offer),
    )


def asked(question: Question) -> str:
    """A question in one line: who wants what."""
    program = question.program
    name = visible(program.process.exe.rpartition("/")[2] or "a program")
    script = f" {visible(program.script)}" if program.script else ""
    told = [f"{wants} {visible(what)}" for wants, what in question.objects[:MAX_OBJECTS]]
    more = len(question.objects) - len(told)
    told += [f"and {more} more"] if more > 0 else []
    return f"{name}{script}: {', '.join(told) if len(told) > 1 else summary(question.request)}"


def _flags(offer: Offer) -> tuple[str, ...]:
    """What would say the same at the next start."""
    if offer.effect is not Effect.ALLOW or offer.lasts is Lasts.ALWAYS:
        return ()
    found = [flags_of(rule.pattern, rule.access) for rule in offer.rules[:_MAX_FLAGS]]
    return tuple(part for flags in dict.fromkeys(found) for part in flags)


class Log:
    """All of a run, the first 1,000. May be used from any thread."""

    def __init__(self, audit: Audit | None = None) -> None:
        self._audit = audit
        self._lock = threading.Lock()
        self._kept: list[Answered | Changed] = []
        self.notes: list[str] = []
        """What a person should know about how it was asked."""
        self.count = 0
        """How many questions there were."""
        self.withdrawn = 0
        """How many more were asked, and needed no answer before there was one. Trio's thread."""

    def note(self, record: Answered | Changed) -> None:
        """Keep it, and write it down. What cannot be written ends the audit, as ever."""
        with self._lock:
            self.count += isinstance(record, Answered)
            if len(self._kept) < _MAX_KEPT:
                self._kept.append(record)
        if self._audit is not None:
            with contextlib.suppress(OSError):
                self._audit.answered(record)

    def all(self) -> list[Answered | Changed]:
        """As of now, in their order."""
        with self._lock:
            return list(self._kept)
