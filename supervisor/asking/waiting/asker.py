"""What all questions of a run have in common: their numbers, what was asked before, the records.

May be used from any thread: a function that answers at once is asked in the thread that decides.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import count

from nono.broker import Effect, Origin, OriginKind, Policy, Request
from nono.broker.asking.history import History
from nono.broker.asking.question import Lasts, Offer, Program, Question, Subject
from nono.broker.asking.questions import LISTS, question_after
from nono.broker.asking.questions import question as make_question
from nono.broker.asking.subject import subject_of
from nono.broker.asking.surroundings import Asked, Place
from nono.broker.verdicts import Ask
from nono.supervisor.asking.channel import Channel
from nono.supervisor.asking.waiting.answered import Log, Told, answered
from nono.supervisor.asking.waiting.limits import Limits
from nono.supervisor.asking.waiting.look import QuickLook
from nono.supervisor.asking.waiting.program import AskingProgram
from nono.supervisor.asking.waiting.quiet import Quiet


class Asker:
    """Of one sandbox; `run` is the name by which a person speaks of it."""

    def __init__(self, place: Place, log: Log, run: str = "") -> None:
        self.place = place
        self.log = log
        self.history = History()
        self.limits = Limits()
        self.quiet = Quiet(self.limits, place.around, log, run)
        self._quick = replace(place, look=QuickLook())
        self._numbers = count(1)
        self._answers = count(1)
        self._minute = -1, ""

    def subject_of(self, request: Request) -> Subject:
        """What a call is about, for a person."""
        return subject_of(request, self.place.look.is_directory)

    def asked(
        self,
        questions: tuple[tuple[Request, Ask], ...],
        program: Program,
        subject: Subject,
        calls: int = 1,
        more: int = 0,
        policy: Policy | None = None,
    ) -> Asked:
        """What the next question is about; `more` of the calls are asked about afterwards."""
        return Asked(next(self._numbers), questions, program, calls, subject, more, policy)

    def made_at_once(self, policy: Policy, about: Asked, subject: Subject) -> Question:
        """The question of this subject, for a function, which has been asked by then."""
        return question_after(policy, about, self._quick, subject, self.history.noted(subject))

    def made(self, policy: Policy, about: Asked, *, is_whole: bool = False) -> Question:
        """The question; with `is_whole` all that its offers open is counted now, for a person."""
        if not is_whole:
            return make_question(policy, about, self._quick, self.history)
        question = make_question(policy, about, self.place, self.history)
        return replace(question, offers=tuple(question.offers))

    def next_origin(self) -> tuple[str, Origin]:
        """The number of the next answer, and the origin of its rules."""
        number = str(next(self._answers))
        minute = int(time.time()) // 60
        if minute != self._minute[0]:  # the libraries look at the time zone's file each time
            self._minute = minute, time.strftime("%H:%M")
        return number, Origin(OriginKind.ANSWER, f"{number}, {self._minute[1]}")

    def record(
        self,
        question: Question,
        offer: Offer | None,
        origin: Origin | None,
        channel: Channel | None,
        person: str,
        seconds: float,
        calls: int,
    ) -> None:
        """Write down what was asked and answered, and tell the channel."""
        if channel is not None and channel.at_once is not None:
            lists = question.wants == LISTS
            told = self.told(question, offer, origin, channel.name, person, seconds, calls, lists)
            self.log.write_told(question.request, told)
            return
        name, now = "" if channel is None else channel.name, time.time_ns()
        record = answered(question, offer, name, person, seconds, calls, origin, now)
        self.log.note(record)
        if channel is not None:
            channel.settled(question, record.words or "nobody answered")

    def told(
        self,
        question: Question,
        offer: Offer | None,
        origin: Origin | None,
        channel: str,
        person: str,
        seconds: float,
        calls: int,
        lists: bool,
    ) -> Told:
        """What a function said, for the report; the audit has to be told. See `Log.write_told`."""
        now = time.time_ns()
        told = Told(question, offer, channel, person, seconds, calls, origin, now, lists)
        if self.log.note_told(told) and isinstance(question.program, AskingProgram):
            question.program.remember()  # it is put into words when somebody looks
        return told


def is_refusal(offer: Offer | None) -> bool:
    """Whether it was refused for this time."""
    return offer is None or (offer.effect, offer.lasts) == (Effect.DENY, Lasts.ONCE)


def can_be_allowed(offers: Sequence[Offer]) -> bool:
    """Whether there is anything to ask."""
    for each in offers:  # noqa: SIM110 - a generator takes longer than the offer that leads
        if each.effect is Effect.ALLOW:
            return True
    return False
