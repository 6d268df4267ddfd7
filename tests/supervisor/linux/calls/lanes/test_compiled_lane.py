"""When the lane in C serves, what it may do, and that its table is what floor and policy say."""

import socket
import struct
from collections.abc import Callable

import pytest

from nono.broker import (
    READ_WRITE,
    Access,
    Effect,
    Glob,
    Rule,
    Subtree,
)
from nono.shims.linux.lane import Options
from nono.shims.linux.memory import Memory
from nono.supervisor.linux.calls.lanes import compiled_lane
from nono.supervisor.linux.calls.lanes.fast_lane import FastLane
from nono.supervisor.linux.calls.own.own_objects import OwnObjects
from nono.supervisor.linux.calls.own.own_restrictions import OwnRestrictions
from tests.supervisor.linux.calls.lane_questions import run
from tests.supervisor.linux.calls.played_lane import (
    ALWAYS,
    CALL,
    FLAG,
    INIT,
    Audited,
    Told,
    Waiting,
    decided,
    make,
)


@pytest.mark.requires(commands=["gcc"])
def test_the_table_says_what_floor_and_policy_say() -> None:
    """1,000,000 by hand: see lane_questions.py."""
    found = run(20_000, 1)
    ways = {"left", "covered", "allowed", "covered and allowed", "unsure", "made"}
    assert found.keys() == ways


def test_a_table_is_made_once_it_pays() -> None:
    rule = Rule(Subtree("/else"), READ_WRITE, Effect.ALLOW, FLAG)
    lane, played, _ = make(decided(rule), at_once=False)
    for _ in range(34):
        assert lane.receive() == CALL
    assert played.tables == []
    for _ in range(200):
        lane.receive()
    (of_floor,) = played.tables
    lane.receive()
    lane.receive()
    assert played.tables[0] == of_floor < played.tables[1]
    assert not played.options[199] & Options.PERFORMS
    assert played.options[-1] & Options.PERFORMS


def test_what_is_replaced_has_another_table() -> None:
    decisions = decided()
    lane, played, _ = make(decisions)
    lane.receive()
    changes: list[Callable[[], None]] = [
        lambda: decisions.note_moved("/work"),
        lambda: decisions.extend([Rule(Subtree("/a"), Access.READ, Effect.ALLOW, FLAG)]),
        lambda: decisions.retract(FLAG),
    ]
    for change in changes:
        change()
        before = len(played.tables)
        lane.receive()
        lane.receive()
        assert len(played.tables) == before + 1


def test_what_it_may_do() -> None:
    lane, played, own = make(decided())
    lane.receive()
    own.may_have_changed = True
    lane.receive()
    assert played.options == [
        ALWAYS | Options.FOLLOWS | Options.PERFORMS | Options.NOTES,
        ALWAYS | Options.FOLLOWS | Options.PERFORMS | Options.NOTES | Options.CHANGES_ARE_TOLD,
    ]
    lane.makes = True
    lane.receive()
    assert played.options[2] - played.options[1] == Options.MAKES


def _place(family: int, address: str, port: int) -> bytes:
    packed = socket.inet_pton(family, address)
    return struct.pack("=H", family) + struct.pack("!H", port) + packed.ljust(16, b"\0")


METADATA = _place(socket.AF_INET, "169.254.169.254", 80)
HERE = _place(socket.AF_INET6, "::1", 8080)


@pytest.mark.parametrize("witness", [None, Audited()])
def test_places_are_learned_once_the_policy_was_asked(witness: Told | None) -> None:
    lane, played, _ = make(decided(witness=witness))
    lane.connects = True
    for played.place in (METADATA, None, HERE):
        lane.receive()
    told = (b"", b"") if witness is None else (b"Connect", b"unrestricted network")
    assert played.allowed == [(HERE, b"::1", *told)]
    assert played.options[-1] & Options.CONNECTS
    lane._decisions.extend([Rule(Subtree("/new"), READ_WRITE, Effect.ALLOW, FLAG)])
    played.place = None
    lane.receive()
    assert played.allowed == [], "another policy is asked anew"


def test_a_connect_that_was_begun_is_only_waited_for() -> None:
    lane, played, _ = make(decided())
    lane.connects = played.begun = True
    played.place = HERE
    received = lane.receive()
    assert received is not None
    assert lane.begun == received.id
    assert played.allowed == []


def test_nothing_is_performed_for_who_gave_something_up(monkeypatch: pytest.MonkeyPatch) -> None:
    lane, played, _ = make(decided())
    lane.receive()
    monkeypatch.setattr(OwnRestrictions, "are_none", False)
    lane.receive()
    assert played.options[0] - played.options[1] == Options.PERFORMS


@pytest.mark.parametrize(
    ("access", "witness", "expected"),
    [
        (Access.READ, None, ALWAYS | Options.NOTES),
        (Access.WRITE, None, ALWAYS | Options.FOLLOWS | Options.PERFORMS | Options.NOTES),
        (Access.WRITE, Told(), ALWAYS | Options.FOLLOWS),
        (Access.WRITE, Audited(), ALWAYS | Options.FOLLOWS | Options.PERFORMS | Options.NOTES),
        (Access.WRITE, Audited(ended=True), ALWAYS | Options.FOLLOWS),
    ],
)
def test_what_a_pattern_or_a_witness_takes(
    access: Access, witness: Told | None, expected: int
) -> None:
    """Where names are refused each link on the way counts; a witness is told what is performed."""
    lane, played, _ = make(decided(Rule(Glob("**/x"), access, Effect.DENY, FLAG), witness=witness))
    lane.receive()
    assert played.options == [expected]


@pytest.mark.requires(commands=["gcc"])
@pytest.mark.parametrize(
    ("witness", "asked", "serves"),
    [
        (None, "", True),
        (Told(), "", True),
        (Told(may_refuse=True), "", False),
        (None, "python", False),
        (None, "compiled", True),
    ],
)
def test_when_it_serves(
    monkeypatch: pytest.MonkeyPatch, witness: Told | None, asked: str, serves: bool
) -> None:
    monkeypatch.setenv("NONO_LANE", asked)
    decisions = decided(witness=witness)
    rest = Waiting(), decisions, OwnObjects(), OwnRestrictions(0, decisions), INIT, None
    assert compiled_lane.compiled_lane(None, *rest) is None
    made = compiled_lane.compiled_lane(FastLane(decisions, Memory()), *rest)
    assert (made is not None) is serves


def test_it_needs_names_in_utf_8(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.getfilesystemencoding", lambda: "iso8859-1")
    assert compiled_lane.wanted() == "python"
