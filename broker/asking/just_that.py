"""What needs no second decision: an answer that allows exactly what is asked for, and no more."""

from __future__ import annotations

from nono.broker.requests import Open, Request
from nono.broker.rules.patterns import File
from nono.broker.rules.rule import Effect, OriginKind, Rule
from nono.broker.verdicts import Allow, Ask


def is_just_that(request: Request, asks: Ask, rule: Rule) -> bool:
    """Whether the rule allows an open, the whole of it, that nothing but the default asks about.

    Among the answers of the policy that asks, which come first, it then decides: a refusal would
    have decided before, and so would a "no" of a person.
    """
    return (
        type(request) is Open
        and asks.rule.origin.kind is OriginKind.DEFAULT
        and rule.effect is Effect.ALLOW
        and type(rule.pattern) is File
        and rule.pattern.path == request.path
        and rule.access is request.access
    )


def allowed_by(request: Request, asks: Ask, rule: Rule) -> Allow | None:
    """What the policy that asks decides with this answer; None where it has to be asked.

    An open for both reading and writing may be allowed by two rules, of which the policy names one.
    """
    if not is_just_that(request, asks, rule):
        return None
    bits = rule.access._value_
    return Allow(rule) if bits and not bits & (bits - 1) else None
