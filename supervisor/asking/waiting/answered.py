"""What was asked in a run and what came of it, for the report and `status`."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from nono.broker import Effect, Operation, Origin, PathChange, Process, Request, Rule, visible
from nono.broker.asking.offers.entries import flags_of, list_flags
from nono.broker.asking.question import MAX_OBJECTS, Lasts, Offer, Question
from nono.broker.asking.questions import LISTS
from nono.broker.asking.script import script_of, who
from nono.broker.audit.answer_records import Answered, Changed
from nono.broker.audit.asked_records import Said
from nono.broker.explaining.explain import summary, verb
from nono.broker.explaining.remedies import NAMES, is_random
from nono.broker.requests import NOBODY, RecordedProcess
from nono.broker.rules.access import READ_WRITE
from nono.broker.rules.paths import is_within, parent
from nono.broker.rules.patterns import File, Subtree
from nono.supervisor.asking.waiting.program import AskingProgram

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
        () if offer is None else _flags(question, offer),
    )


def asked(question: Question) -> str:
    """A question in one line: who wants what."""
    told = [f"{wants} {visible(what)}" for wants, what in question.objects[:MAX_OBJECTS]]
    more = len(question.objects) - len(told)
    told += [f"and {more} more"] if more > 0 else []
    what = ", ".join(told) if len(told) > 1 else summary(question.request)
    return f"{_who(question)}: {what}"


def _who(question: Question) -> str:
    program = question.program
    if isinstance(program, AskingProgram):
        return who(program.recorded, script_of(program.recorded))
    return who(program.process, program.script)


def _flags(question: Question, offer: Offer) -> tuple[str, ...]:
    """What would say the same at the next start."""
    if offer.effect is not Effect.ALLOW or offer.lasts is Lasts.ALWAYS:
        return ()
    if question.wants == LISTS and [type(rule.pattern) for rule in offer.rules] == [File]:
        return list_flags(question.subject.value)
    wanted = {place: wants for wants, place in reversed(question.objects)}
    found = [
        _flags_of_rule(question, rule, wanted.get(getattr(rule.pattern, "path", ""), ""))
        for rule in offer.rules[:_MAX_FLAGS]
    ]
    return tuple(part for flags in dict.fromkeys(found) for part in flags)


def _flags_of_rule(question: Question, rule: Rule, wants: str) -> tuple[str, ...]:
    """An answer opens a name that is made as all that it leads to: a flag needs to know what."""
    pattern = rule.pattern
    if not wants or not isinstance(pattern, File | Subtree):
        return flags_of(pattern, rule.access)
    if wants == _verb(Operation.MKDIR):  # only this flag makes it before a start
        return flags_of(Subtree(pattern.path), READ_WRITE)
    if wants in map(_verb, NAMES) or (is_random(pattern.path) and isinstance(pattern, Subtree)):
        return _flags_of_directory(question, parent(pattern.path))
    return flags_of(File(pattern.path), rule.access)


def _flags_of_directory(question: Question, directory: str) -> tuple[str, ...]:
    """The right to change a name is one on its directory, if that may be opened as a whole."""
    rules = (rule for offer in question.offers if offer.id == "d" for rule in offer.rules)
    whole = next(rules, None)
    if whole is None or not is_within(directory, getattr(whole.pattern, "path", "")):
        return ()
    return flags_of(whole.pattern, whole.access)


def _verb(operation: Operation) -> str:
    return verb(PathChange(NOBODY, operation, "/"))


class Told:
    """What a function said, put into words when somebody looks: for that, call it."""

    __slots__ = ("_given", "_record", "said")

    def __init__(
        self,
        question: Question,
        offer: Offer | None,
        channel: str,
        person: str,
        seconds: float,
        calls: int,
        origin: Origin | None,
        at: int,
        lists: bool,
    ) -> None:
        """As `answered`; `lists` says that the names in a directory are read."""
        words = "" if offer is None else offer.words
        milliseconds = round(seconds * 1000)
        self.said = Said(channel, person and visible(person), words, milliseconds, lists)
        self._given = question, offer, channel, person, seconds, calls, origin, at
        self._record: Answered | None = None

    def __call__(self) -> Answered:
        if self._record is None:
            self._record = answered(*self._given)
        return self._record


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

    def note_told(self, told: Told) -> bool:
        """Keep what comes too often for each to be put into words; False where there is no room."""
        with self._lock:
            self.count += 1
            has_room = len(self._kept) < _MAX_KEPT
            if has_room:
                self._kept.append(told)
        return has_room

    def write_told(self, request: Request, told: Told) -> None:
        """Write it down, as often as the audit admits it. What cannot be written ends the audit."""
        if self._audit is not None and self._audit.admits_answer(request):
            self._write(told())

    def is_kept_by(self, witness: object) -> bool:
        """Whether who is told of the decision writes the answer down as well."""
        return self._audit is not None and witness is self._audit

    def _write(self, record: Answered | Changed) -> None:
        if self._audit is not None:
            with contextlib.suppress(OSError):
                self._audit.answered(record)

    def process_of(self, process: Process) -> RecordedProcess | None:
        """What the audit knows of a caller; None without an audit."""
        return None if self._audit is None else self._audit.process_of(process)

    def all(self) -> list[Answered | Changed]:
        """As of now, in their order."""
        with self._lock:
            kept = list(self._kept)
        return [each() for each in kept]
