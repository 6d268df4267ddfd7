"""A function that has its answer at once is asked in the thread that decides: no call waits for it.

The handler goes on with the object that it has resolved and the arguments that it has copied, and
decides again: so the object that was decided is the one that is granted, whatever the path leads to
by then. Only an answer for this call is done here. One that lasts is made a rule where all others
are, and a call that changes something is asked about there as well: both take a look at files,
which may take its time.
"""

from __future__ import annotations

import stat
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any, NoReturn

from nono.broker import Ask, Effect, Origin, Request, Rule, Verdict
from nono.broker.asking.just_that import allowed_by
from nono.broker.asking.question import (
    Answer,
    Begun,
    Lasts,
    Offer,
    Question,
    Said,
    Subject,
)
from nono.broker.asking.subject import subject_of
from nono.supervisor.asking.channel import Channel
from nono.supervisor.asking.dispatch import Dispatch, chosen
from nono.supervisor.asking.waiting.answered import Told
from nono.supervisor.asking.waiting.asker import Asker, can_be_allowed, is_refusal
from nono.supervisor.asking.waiting.call import once_of_offer, refused_by
from nono.supervisor.asking.waiting.group import apart_of
from nono.supervisor.asking.waiting.program import AskingProgram
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.decisions.plain_calls import is_plain, plain_kind
from nono.supervisor.decisions.undecided import NOTHING, AllowedByAnswer, Once, Undecided

_MAX_QUESTIONS = 16
"""About one object of one call."""


class AtOnce:
    """Of one sandbox. May be used from any thread."""

    def __init__(self, decisions: Decisions, dispatch: Dispatch, asker: Asker) -> None:
        self._decisions = decisions
        self._dispatch = dispatch
        self._asker = asker

    def answer(self, undecided: Undecided, channel: Channel) -> tuple[Request, Verdict]:
        """What is decided after the answer, and about what.

        Raises OSError when it refuses, and Undecided where the call has to wait.
        """
        request = undecided.questions[0][0]
        for _ in range(_MAX_QUESTIONS):
            undecided = self._with_earlier(undecided)
            allowed = self._ask(undecided, channel)
            if allowed is not None:
                return request, allowed
            policy = self._decisions.policy
            decided, verdict = self._decisions.verdict(request)
            if not isinstance(verdict, Ask):
                return decided, verdict
            undecided = Undecided(undecided.questions, policy)
        self._decisions.refuse_unanswered(request, None)

    def _with_earlier(self, undecided: Undecided) -> Undecided:
        """With what the call was allowed for once before: that was allowed together."""
        process: Any = undecided.questions[0][0].process
        once: Once = getattr(process, "once", NOTHING)
        if not once.questions:
            return undecided
        process.once = NOTHING
        still = [
            (request, verdict)
            for request, _ in once.questions
            if isinstance(verdict := self._decisions.verdict(request)[1], Ask)
        ]
        if not still:
            return undecided
        return Undecided(tuple(still), undecided.policy).with_more(undecided)

    def _ask(self, undecided: Undecided, channel: Channel) -> AllowedByAnswer | None:
        """Ask one question, and do what the answer says; what it decides, where that is plain."""
        questions, asker, policy = undecided.questions, self._asker, undecided.policy
        request = questions[0][0]
        kind = None if channel.at_once is None else plain_kind(policy, request)
        if channel.at_once is None or kind is None:
            raise undecided
        if len(questions) > 1 and not is_plain(policy, undecided.requests[1:]):
            raise undecided
        process: Any = request.process
        lists = kind == stat.S_IFDIR
        program = AskingProgram(process, asker.log.process_of(process))
        subject = subject_of(request, lambda path: lists)
        apart = apart_of(request, subject, asker.place.around.home)
        if asker.quiet.is_refused(program, subject, apart):
            self._decisions.refuse_unanswered(request, None)
        about = asker.asked(questions, program, subject, policy=policy)
        made = asker.made_at_once(self._decisions.policy, about, subject)
        question = asker.quiet.told(made, subject, apart)
        lead: Offer | None = getattr(question.offers, "lead", None)
        started, said, asked, offer = monotonic(), None, None, None
        if lead is not None or can_be_allowed(question.offers):
            asked = channel
            said, offer = self._said(question, channel, channel.at_once, lead)
        if (said is not None and offer is None) or (offer and offer.lasts is not Lasts.ONCE):
            undecided.begun = Begun(question, said, started)
            raise undecided
        if offer is None or offer.effect is not Effect.ALLOW:
            self._refuse(undecided, question, subject, apart, offer, asked, said, started)
        person = said.person if isinstance(said, Answer) else ""
        origin, seconds = asker.next_origin()[1], monotonic() - started
        told = asker.told(question, offer, origin, channel.name, person, seconds, 1, lists)
        program.forget()
        is_all = offer is lead or _is_all(questions, offer)
        if is_all and self._decisions.policy is policy:
            return self._plainly_allowed(process, request, questions, offer, origin, told)
        once = once_of_offer(undecided, offer, origin)
        process.once = Once(once.rules, once.shown, questions)
        asker.log.write_told(request, told)
        return None

    def _said(
        self,
        question: Question,
        channel: Channel,
        ask: Callable[[Question], Said],
        lead: Offer | None,
    ) -> tuple[Said, Offer | None]:
        """What a channel's function says, with the offer that it has chosen.

        What it raises, or returns instead of an answer, is an error of it, and no answer.
        """
        try:
            said = ask(question)
            if lead is not None and type(said) is Answer and said.offer == lead.id:
                return said, lead
            if said is None or isinstance(said, Awaitable):
                return said, None
            offer = chosen(channel, question, said)
            return (None if offer is None else said), offer
        except BaseException as error:  # also what would end the thread: it serves others
            self._dispatch.faults.note()
            channel.failed(error)
            return None, None

    def _plainly_allowed(
        self,
        process: Any,
        request: Request,
        questions: tuple[tuple[Request, Ask], ...],
        offer: Offer,
        origin: Origin,
        told: Told,
    ) -> AllowedByAnswer:
        """What is decided by an answer that is just what is asked about.

        No second look at the policy can say another: see `just_that.py`.
        """
        (given,) = offer.rules
        rule = Rule(given.pattern, given.access, Effect.ALLOW, origin)
        process.once = Once((rule,), NOTHING.shown, questions)
        log = self._asker.log
        if log.is_kept_by(self._decisions.witness):
            return AllowedByAnswer(rule, told.said)  # both in one record
        log.write_told(request, told)
        return AllowedByAnswer(rule)

    def _refuse(
        self,
        undecided: Undecided,
        question: Question,
        subject: Subject,
        apart: str,
        offer: Offer | None,
        asked: Channel | None,
        said: Said,
        started: float,
    ) -> NoReturn:
        """What was answered with a no, or by nobody; raise."""
        asker, program = self._asker, question.program
        if asked is not None and is_refusal(offer):
            asker.quiet.note_refusal(question, subject, apart)
        origin = None if offer is None else asker.next_origin()[1]
        person = said.person if isinstance(said, Answer) else ""
        asker.record(question, offer, origin, asked, person, monotonic() - started, 1)
        if isinstance(program, AskingProgram):
            program.forget()
        why = refused_by(undecided, offer, origin)
        self._decisions.refuse_unanswered(undecided.requests[0], why)


def _is_all(questions: tuple[tuple[Request, Ask], ...], offer: Offer) -> bool:
    """Whether the offer allows just what is asked about, and that is one open."""
    if len(questions) != 1 or len(offer.rules) != 1:
        return False
    ((request, asks),) = questions
    return allowed_by(request, asks, offer.rules[0]) is not None
