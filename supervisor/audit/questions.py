"""How often another policy would have asked in a recorded run: the measure of its questions.

Every recorded request is decided in its order. Each question gets the answer of a person who lets
the program work and opens no more than a directory or a host; what that covers is asked about no
more, as in a run. What waited at the same time is not known, so there may be fewer in truth.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from nono.broker import Ask, Effect
from nono.broker.asking.history import History
from nono.broker.asking.question import Lasts, Offer, Program, Question
from nono.broker.asking.questions import question
from nono.broker.asking.subject import subject_of
from nono.broker.asking.surroundings import Asked, Place
from nono.broker.asking.unasked import unasked
from nono.broker.audit.records import Decision
from nono.broker.requests import RecordedProcess
from nono.supervisor.audit.reader import Session
from nono.supervisor.decisions.always import complete
from nono.supervisor.planning.plan import Plan

_PREFERRED = ("d", "r")


def questions(session: Session, plan: Plan, place: Place) -> Iterator[Question]:
    """The questions of a run of this plan that makes the recorded requests.

    Raises AuditError, UsageError, broker.PolicyError.
    """
    plan = replace(plan, policy=replace(plan.policy, default=Effect.ASK))
    decisions = complete(plan, tmpdir=session.start().tmpdir).decisions()
    history = History()
    home = place.around.home
    number = 0
    for _, record in session.records():
        if not isinstance(record, Decision):
            continue
        request = record.request
        verdict = decisions.verdict(request)[1]
        if not isinstance(verdict, Ask) or unasked(request, verdict.rule, home) is not None:
            continue
        number += 1
        program = Program(RecordedProcess(request.process.pid, request.process.exe))
        asked = Asked(number, ((request, verdict),), program)
        made = question(decisions.policy, asked, place, history)
        history.note(subject_of(request, place.look.is_directory))
        answer = _answer(made)
        if answer is None:
            number -= 1
            continue
        if answer.lasts is Lasts.RUN:
            decisions.extend(answer.rules)
        yield made


def _answer(made: Question) -> Offer | None:
    """The offer to choose; None where there is none that allows, so that nobody is asked."""
    allowing = {each.id: each for each in made.offers if each.effect is Effect.ALLOW}
    for id in _PREFERRED:
        if id in allowing:
            return allowing[id]
    return next(iter(allowing.values()), None)
