"""What an audit holds of questions to a person, as plain data and back: see `records`."""

from __future__ import annotations

from nono.broker.audit.plain_policy import plain_origin, read_origin
from nono.broker.named_tuple import NamedTuple
from nono.broker.plain_values import as_number, as_text, as_tuple, optional
from nono.broker.rules.rule import Origin


class Answered(NamedTuple):
    """A question to a person, and what came of it.

    `question` is in words, with who asked; `words` are those of the offer that was chosen. `effect`
    is empty where nobody answered, `channel` where nobody could be asked. `milliseconds` are from
    the question to the answer, `calls` are those that waited for it. `origin` is that of the rules
    that it gave, `flags` are those of the command line that would say the same.
    """

    time: int
    question: str
    channel: str
    person: str
    effect: str
    lasts: str
    words: str
    milliseconds: int
    calls: int
    origin: Origin | None = None
    flags: tuple[str, ...] = ()


class Changed(NamedTuple):
    """Without a question, a person granted something to a running sandbox, or took it back.

    `deed` is "granted" or "revoked"; `what` are the rules in words.
    """

    time: int
    deed: str
    person: str
    what: tuple[str, ...]
    origin: Origin


def plain_answered(each: Answered) -> list[object]:
    """As plain data."""
    return [
        "answered",
        each.time,
        each.question,
        each.channel,
        each.person,
        each.effect,
        each.lasts,
        each.words,
        each.milliseconds,
        each.calls,
        None if each.origin is None else plain_origin(each.origin),
        list(each.flags),
    ]


def read_answered(
    time: object,
    question: object,
    channel: object,
    person: object,
    effect: object,
    lasts: object,
    words: object,
    milliseconds: object,
    calls: object,
    origin: object,
    flags: object,
) -> Answered:
    """Raises InvalidRecord."""
    return Answered(
        as_number(time),
        as_text(question),
        as_text(channel),
        as_text(person),
        as_text(effect),
        as_text(lasts),
        as_text(words),
        as_number(milliseconds),
        as_number(calls),
        optional(read_origin)(origin),
        as_tuple(flags, as_text),
    )


def plain_changed(each: Changed) -> list[object]:
    """As plain data."""
    return [
        "changed",
        each.time,
        each.deed,
        each.person,
        list(each.what),
        plain_origin(each.origin),
    ]


def read_changed(
    time: object, deed: object, person: object, what: object, origin: object
) -> Changed:
    """Raises InvalidRecord."""
    return Changed(
        as_number(time),
        as_text(deed),
        as_text(person),
        as_tuple(what, as_text),
        read_origin(origin),
    )
