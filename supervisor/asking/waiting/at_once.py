"""A function that has its answer at once is asked in the thread that decides: no call waits for it.

The handler goes on with the object that it has resolved and the arguments that it has copied, and
decides again: so the object that was decided is the one that is granted, whatever the path leads to
by then. Only an answer for this call is done here. One that lasts is made a rule where all others
are, and a call that changes something is asked about there as well: both take a look at files,
which may take its time.
"""

from __future__ import annotations

import time
from typing import Any

from nono.broker import Ask, Request, Verdict
from nono.broker.asking.question import Answer, Begun, Lasts
from nono.supervisor.asking.channel import Channel
from nono.supervisor.asking.dispatch import Dispatch
from nono.supervisor.asking.waiting.asker import Asker, can_be_allowed, chosen, is_refusal
from nono.supervisor.asking.waiting.call import Refused, outcome_of
from nono.supervisor.asking.waiting.group import apart_of
from nono.supervisor.asking.waiting.program import AskingProgram
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.decisions.plain_calls import is_plain
from nono.supervisor.decisions.undecided import NOTHING, Once, Undecided

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
        request = undecided.requests[0]
        for _ in range(_MAX_QUESTIONS):
            undecided = self._with_earlier(undecided)
            self._ask(undecided, channel)
            policy = self._decisions.policy
            decided, verdict = self._decisions.verdict(request)
            if not isinstance(verdict, Ask):
                return decided, verdict
            undecided = Undecided(undecided.questions, policy)
        self._decisions.refuse_unanswered(request, None)

    def _with_earlier(self, undecided: Undecided) -> Undecided:
        """With what the call was allowed for once before: that was allowed together."""
        process: Any = undecided.requests[0].process
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

    def _ask(self, undecided: Undecided, channel: Channel) -> None:
        """Ask one question, and do what the answer says."""
        requests, asker = undecided.requests, self._asker
        if channel.at_once is None or not is_plain(undecided.policy, requests):
            raise undecided
        process: Any = requests[0].process
        program = AskingProgram(process, asker.log.process_of(process))
        subject = asker.subject_of(requests[0])
        apart = apart_of(requests[0], subject, asker.place.around.home)
        if asker.quiet.is_refused(program, subject, apart):
            self._decisions.refuse_unanswered(requests[0], None)
        about = asker.asked(undecided.questions, program, subject)
        made = asker.made(self._decisions.policy, about)
        question = asker.quiet.told(made, subject, apart)
        asker.history.note(subject)
        started, said, asked = time.monotonic(), None, None
        if can_be_allowed(question.offers):
            asked, said = channel, self._dispatch.ask_at_once(question, channel.at_once)
        answer = said if isinstance(said, Answer) else None
        offer = None if answer is None else chosen(question, answer.offer)
        if (said is not None and answer is None) or (offer and offer.lasts is not Lasts.ONCE):
            undecided.begun = Begun(question, said, started)
            raise undecided
        if asked is not None and is_refusal(offer):
            asker.quiet.note_refusal(question, subject, apart)
        origin = None if offer is None else asker.next_origin()[1]
        person = "" if answer is None else answer.person
        asker.record(question, offer, origin, asked, person, time.monotonic() - started, 1)
        program.forget()
        outcome = outcome_of(undecided, offer, origin)
        if isinstance(outcome, Refused):
            self._decisions.refuse_unanswered(requests[0], outcome.why)
        once = outcome.once
        process.once = Once(once.rules, once.shown, undecided.questions)
