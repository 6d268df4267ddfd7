"""One record that has a decision and the answer by which it was made."""

from __future__ import annotations

import pytest

from nono.broker import Access, Effect, Open, Origin, OriginKind
from nono.broker.audit.answer_records import Answered
from nono.broker.audit.asked_records import Said
from nono.broker.audit.records import Decision, plain, plain_decision, read, read_all
from nono.broker.errors import InvalidRecord
from nono.broker.requests import RecordedProcess

WHO = RecordedProcess(7, "/usr/bin/python3.11", ("python3", "train.py"))
REQUEST = Open(WHO, "/data/set/f", Access.READ)
ORIGIN = Origin(OriginKind.ANSWER, "3, 14:02")
PLAIN = plain_decision(5, WHO, REQUEST, Effect.ALLOW, 0, ORIGIN, None, False)
ASKED = Said("callback", "ann", "this file, once", 2, False).plain(PLAIN)
ANSWERED = Answered(
    5,
    "python3.11 train.py: read /data/set/f",
    "callback",
    "ann",
    "allow",
    "once",
    "this file, once",
    2,
    1,
    ORIGIN,
    ("--read-file", "/data/set/f"),
)


def test_it_is_read_as_the_two() -> None:
    answered, decision = read_all(ASKED)
    assert decision == Decision(5, REQUEST, Effect.ALLOW, 0, ORIGIN)
    assert answered == ANSWERED


def test_the_flag_for_a_list_of_names_opens_no_more() -> None:
    said = Said("callback", "", "the list of names, once", 2, True)
    answered, _ = read_all(said.plain(PLAIN))
    assert isinstance(answered, Answered) and answered.flags == ("--list", "/data/set/f")


def test_what_has_a_record_of_its_own_is_read_as_ever() -> None:
    assert read_all(PLAIN) == (read(PLAIN),)
    assert read_all(plain(ANSWERED)) == (ANSWERED,)


@pytest.mark.parametrize(
    "damaged",
    [["asked"], ["asked", 1], ASKED[:-1], [*ASKED[:-1], []], [*ASKED, 1], [*ASKED[:-1], "words"]],
)
def test_what_is_none_is_refused(damaged: list[object]) -> None:
    with pytest.raises(InvalidRecord):
        read_all(damaged)
