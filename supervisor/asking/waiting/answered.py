"""What was asked in a run and what came of it, for the report and `status`."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from nono.broker import Effect, Origin, Process, Request, visible
from nono.broker.asking.offers.entries import flags_of
from nono.broker.asking.question import MAX_OBJECTS, Lasts, Offer, Question
from nono.broker.audit.answer_records import Answered, Changed
from nono.broker.explaining.explain import summary
from nono.broker.requests import RecordedProcess
from nono.supervisor.asking.waiting.program import AskingProgram, script_of

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
    at: int,
) -> Answered:
    """The record of an answer at this time; without an `offer` nobody gave one."""
    return Answered(
        at,
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
    process, script = _who(question)
    name = visible(process.exe.rpartition("/")[2] or "a program")
    script = f" {visible(script)}" if script else ""
    told = [f"{wants} {visible(what)}" for wants, what in question.objects[:MAX_OBJECTS]]
    more = len(question.objects) - len(told)
    told += [f"and {more} more"] if more > 0 else []
    return f"{name}{script}: {', '.join(told) if len(told) > 1 else summary(question.request)}"


def _who(question: Question) -> tuple[RecordedProcess, str]:
    """The process, and its script."""
    program = question.program
    if isinstance(program, AskingProgram):
        return program.recorded, script_of(program.recorded)
    return program.process, program.script


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
        self._kept: list[Callable[[], Answered | Changed]] = []
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
                self._kept.append(lambda: record)
        self._write(record)

    def note_often(self, request: Request, made: Callable[[], Answered]) -> None:
        """As `note`, of what comes too often for each to be put into words, and written down."""
        made = cache(made)
        with self._lock:
            self.count += 1
            if len(self._kept) < _MAX_KEPT:
                self._kept.append(made)
        if self._audit is not None and self._audit.admits_answer(request):
            self._write(made())

    def _write(self, record: Answered | Changed) -> None:
        if self._audit is not None:
            with contextlib.suppress(OSError):
                self._audit.answered(record)

    @property
    def has_room(self) -> bool:
        """True while what is noted is kept."""
        return len(self._kept) < _MAX_KEPT

    def process_of(self, process: Process) -> RecordedProcess | None:
        """What the audit knows of a caller; None without an audit."""
        return None if self._audit is None else self._audit.process_of(process)

    def all(self) -> list[Answered | Changed]:
        """As of now, in their order."""
        with self._lock:
            kept = list(self._kept)
        return [each() for each in kept]
