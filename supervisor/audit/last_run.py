"""The report of a run, made again from its audit: `nono why --last`."""

from __future__ import annotations

import errno
from collections.abc import Iterator

from nono.broker import ALL_ACCESS, Allow, Anything, Ask, Deny, Effect, Floor, Policy, Rule
from nono.broker.audit.answer_records import Answered, Changed
from nono.broker.audit.records import Decision, Exchange, Unresolved
from nono.supervisor.audit.reader import Session
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.decisions.undecided import refused


def recorded(session: Session) -> Decisions:
    """What the session enforced and refused, in the form that `report` reads.

    Raises AuditError when the records are not as they were written.
    """
    decisions = Decisions(session.start().policy, Floor())
    for decision in _refused(session, decisions):
        verdict = refusal(decisions.policy, decision)
        decisions.denials.record(decision.decided or decision.request, verdict)
    return decisions


def asked(session: Session) -> list[Answered | Changed]:
    """What a person was asked in it, and changed."""
    return [each for _, each in session.records() if isinstance(each, Answered | Changed)]


def exchanges(session: Session) -> list[Exchange]:
    """What was requested of services in it, with what was refused or failed of that."""
    return [each for _, each in session.records() if isinstance(each, Exchange)]


def _refused(session: Session, decisions: Decisions) -> Iterator[Decision]:
    for _, record in session.records():
        match record:
            case Decision(effect=Effect.DENY | Effect.ASK):
                yield record
            case Unresolved(_, host, why):
                decisions.note_unresolved(host, why)


def refusal(policy: Policy, decision: Decision) -> Deny | Ask:
    """The verdict that was recorded, with the very rule that gave it.

    The policy need not have that: more than it decides, and people answer. Where the record has its
    origin alone, it is the policy's.
    """
    if decision.rule is not None:
        is_asked = decision.effect is Effect.ASK
        return Ask(decision.rule) if is_asked else Deny(decision.rule, decision.errno)
    request = decision.decided or decision.request
    verdict = policy.decide(request)
    if decision.native and isinstance(verdict, Allow):
        return Deny(verdict.rule, errno.EACCES)
    if not isinstance(verdict, Allow) and verdict.rule.origin == decision.origin:
        if isinstance(verdict, Ask) and decision.effect is Effect.DENY:
            return refused(verdict, request, verdict.rule.origin)  # nobody answered
        return verdict
    # Another version of nono decided it: what it said stands.
    origin = decision.origin or verdict.rule.origin
    return Deny(Rule(Anything(), ALL_ACCESS, Effect.DENY, origin), decision.errno)
