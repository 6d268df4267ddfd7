"""Questions and offers as plain data, for a line of JSON, and back.

Text of the sandbox stands there twice: made visible under its own name, and where that is not the
same, its bytes in base64 under the name with `_b64`: no other reader meets half a character.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from nono.broker.asking.control.profile_form import profile_form, shown_rule
from nono.broker.asking.question import (
    MAX_OBJECTS,
    Lasts,
    Offer,
    Program,
    Question,
    Subject,
    SubjectKind,
)
from nono.broker.errors import InvalidRecord
from nono.broker.plain_request import field_names, plain_request, read_request
from nono.broker.plain_values import as_flag, as_list, as_number, as_text
from nono.broker.requests import RecordedProcess, Request
from nono.broker.rules.access import ALL_ACCESS
from nono.broker.rules.rule import Anything, Effect, Origin, OriginKind, Rule
from nono.broker.visible import visible

Plain = dict[str, Any]

MAX_OFFERS = 24
_MAX_PATH = 1000
_MAX_WORDS = 300
_MAX_ENTRY = 500
_MAX_RULES = 4
_MAX_ARGUMENTS = 8
_ELSEWHERE = Origin(OriginKind.BUILTIN, "asked elsewhere")


def plain_question(question: Question, full: bool = True, most: int = MAX_OFFERS) -> Plain:
    """The question, with the `most` offers; unless `full`, without what they would write."""
    program = question.program
    process = program.process
    return {
        "id": question.id,
        "wants": visible(question.wants, _MAX_WORDS),
        "subject": {"kind": question.subject.kind.value, **_text("value", question.subject.value)},
        "object": _plain_object(question.request),
        "program": {
            "pid": process.pid,
            "exe": visible(process.exe, _MAX_WORDS),
            "argv": [visible(word, _MAX_WORDS) for word in process.argv[:_MAX_ARGUMENTS]],
            "script": visible(program.script, _MAX_WORDS),
            "parents": [visible(name, _MAX_WORDS) for name in program.parents],
        },
        "rule": visible(str(question.rule.origin), _MAX_WORDS),
        "why": visible(question.why, _MAX_ENTRY),
        "waiting": question.waiting,
        "seen": question.seen,
        "objects": [
            {"wants": visible(wants, _MAX_WORDS), **_text("what", what)}
            for wants, what in question.objects[:MAX_OBJECTS]
        ],
        "later": question.later,
        "offers": [plain_offer(each, full) for each in question.offers[:most]],
    }


def plain_offer(offer: Offer, full: bool = True) -> Plain:
    """What a person chooses from; the rules in a profile's own form."""
    told: Plain = {
        "id": offer.id,
        "effect": offer.effect.value,
        "lasts": offer.lasts.value,
        "words": visible(offer.words, _MAX_WORDS),
        "reach": visible(offer.reach, _MAX_WORDS),
        "broad": offer.broad,
        "is_risky": offer.is_risky,
    }
    if full:
        told["entry"] = visible(offer.entry, _MAX_ENTRY)
        told["file"] = visible(offer.file, _MAX_ENTRY)
        told["rules"] = [profile_form(rule) for rule in offer.rules[:_MAX_RULES]]
    return told


def read_question(plain: object) -> Question:
    """The question as somebody else is to see it; its rules only show. Raises InvalidRecord."""
    told = _as_object(plain)
    program, about, subject = (
        _as_object(told.get(key)) for key in ("program", "object", "subject")
    )
    process = RecordedProcess(
        as_number(program.get("pid")),
        as_text(program.get("exe")),
        tuple(map(as_text, as_list(program.get("argv")))),
    )
    return Question(
        as_number(told.get("id")),
        _read_object(about, process),
        _rule(as_text(told.get("rule"))),
        Subject(_kind(SubjectKind, subject.get("kind")), _read_text("value", subject)),
        Program(
            process,
            as_text(program.get("script")),
            tuple(map(as_text, as_list(program.get("parents")))),
        ),
        as_text(told.get("wants")),
        as_text(told.get("why")),
        tuple(map(_read_offer, as_list(told.get("offers"))))[:MAX_OFFERS],
        as_number(told.get("waiting")),
        as_number(told.get("seen")),
        tuple(map(_read_wanted, as_list(told.get("objects", []))))[:MAX_OBJECTS],
        as_number(told.get("later", 0)),
    )


def _read_wanted(plain: object) -> tuple[str, str]:
    told = _as_object(plain)
    return as_text(told.get("wants")), _read_text("what", told)


def _read_offer(plain: object) -> Offer:
    told = _as_object(plain)
    effect = _kind(Effect, told.get("effect"))
    rules = (shown_rule(each, effect, _ELSEWHERE) for each in as_list(told.get("rules", [])))
    return Offer(
        as_text(told.get("id")),
        effect,
        _kind(Lasts, told.get("lasts")),
        tuple(rule for rule in rules if rule is not None)[:_MAX_RULES],
        as_text(told.get("words")),
        as_text(told.get("reach")),
        as_flag(told.get("broad")),
        as_flag(told.get("is_risky")),
        as_text(told.get("entry", "")),
        as_text(told.get("file", "")),
    )


def _rule(origin: str) -> Rule:
    return Rule(Anything(), ALL_ACCESS, Effect.ASK, Origin(OriginKind.BUILTIN, origin))


def _kind(choices: Any, value: object) -> Any:
    try:
        return choices(as_text(value))
    except ValueError:
        raise InvalidRecord("an unknown kind of question") from None


def _as_object(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise InvalidRecord("an object is missing")
    return value


def _plain_object(request: Request) -> Plain:
    """What is asked for: the kind of request, and its fields by name."""
    kind, *values = plain_request(request)
    told: Plain = {"kind": kind}
    for name, value in zip(field_names(kind), values, strict=True):
        told |= _text(name, value) if isinstance(value, str) else {name: value}
    return told


def _read_object(plain: Mapping[str, object], process: RecordedProcess) -> Request:
    names = field_names(plain.get("kind"))
    values = (
        _read_text(name, plain) if isinstance(plain.get(name), str) else plain.get(name)
        for name in names
    )
    return read_request([plain.get("kind"), *values], process)


def _text(name: str, value: str) -> Plain:
    shown = visible(value, _MAX_PATH)
    if shown == value:
        return {name: shown}
    exact = base64.b64encode(value.encode("utf-8", "surrogateescape"))
    return {name: shown, f"{name}_b64": exact.decode("ascii")}


def _read_text(name: str, plain: Mapping[str, object]) -> str:
    exact = plain.get(f"{name}_b64")
    if exact is None:
        return as_text(plain.get(name))
    try:
        found = base64.b64decode(as_text(exact), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidRecord("a text that is not in base64") from None
    return as_text(found.decode("utf-8", "surrogateescape"))
