"""When the lane in C serves, what it may do, and that its table is what floor and policy say."""

import contextlib
import errno
import os
import socket
import struct
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import pytest

from nono.broker import (
    READ_WRITE,
    Access,
    Deny,
    Effect,
    File,
    Floor,
    Glob,
    Open,
    Origin,
    OriginKind,
    Policy,
    Request,
    Rule,
    Subtree,
    Verdict,
)
from nono.broker.floor.floor import FloorRule
from nono.broker.verdicts import Ask
from nono.shims.linux.file_identity import identity
from nono.shims.linux.journal import Journal
from nono.shims.linux.lane import AskedOpen, Lane, Options
from nono.shims.linux.memory import Memory
from nono.shims.linux.notify import Listener, Notification
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.linux.calls import compiled_lane
from nono.supervisor.linux.calls.compiled_lane import CompiledLane
from nono.supervisor.linux.calls.fast_lane import FastLane
from nono.supervisor.linux.calls.handles import Handle
from nono.supervisor.linux.calls.own_objects import OwnObjects
from nono.supervisor.linux.calls.own_restrictions import OwnRestrictions
from tests.supervisor.linux.calls.lane_questions import run

FLAG = Origin(OriginKind.FLAG, "--x")
CALL = Notification(1, 2, 0, 3, 4, 5, 0, 0, 0, 0, 0, 0)
INIT = 4711
ALWAYS = Options.TRUNCATE_IS_ASKED


class Waiting(Listener):
    """Somebody calls all the time."""

    def __init__(self) -> None:
        super().__init__(-1)

    def receive(self) -> Notification | None:
        return CALL


@dataclass
class Played(Lane):
    """In the place of the lane in C."""

    tables: list[int] = field(default_factory=list)
    """The size of each, the newest at the end."""
    is_known: bool = False
    options: list[int] = field(default_factory=list)
    """What was allowed at each call that it received."""

    def use(self, flat: bytes, version: int, current: "array[int]") -> None:
        assert current[0] == version
        self.tables.append(len(flat))

    place: bytes | None = None
    """Where the next call is to connect to."""
    begun: bool = False
    allowed: list[tuple[bytes, ...]] = field(default_factory=list)

    @property
    def asked(self) -> bytes | None:
        return self.place

    @property
    def is_begun(self) -> bool:
        return self.begun

    def connect(self) -> None: ...

    def allow_place(self, place: bytes, about: bytes, request: bytes, origin: bytes) -> None:
        self.allowed.append((place, about, request, origin))

    def forget_places(self) -> None:
        self.allowed.clear()

    open: AskedOpen | None = None
    """What the next call is to open."""
    answers: dict[AskedOpen, tuple[int, bytes]] = field(default_factory=dict)
    given: int = 0

    @property
    def asked_open(self) -> AskedOpen | None:
        return self.open

    def answer(self, own: bytearray) -> None:
        assert not any(own)

    def tell_answer(self, asked: AskedOpen, error: int, origin: bytes) -> int:
        self.answers[asked] = error, origin
        return 7

    def answered_opens(self, number: int) -> int:
        assert number == 7
        return self.given

    def forget_answers(self) -> None:
        self.answers.clear()

    def close(self) -> None: ...

    def tell(self, journal: object, own: bytearray) -> None:
        assert journal
        assert not any(own)

    def allow(self, options: int) -> None:
        self.options.append(options)

    def receive(self) -> Notification | None:
        return CALL


class Told:
    """A witness."""

    refuses = False

    def __init__(self, every_call: bool = False, may_refuse: bool = False) -> None:
        self.every_call = every_call
        self.may_refuse = may_refuse

    def decision(self, request: Request, decided: Request, verdict: Verdict) -> None: ...

    def native(self, request: Request, refused: Deny | Ask | None = None) -> None: ...

    def unresolved(self, host: str, why: str) -> None: ...


class Audited(Told):
    """One that lets the lane write down what it does, as long as it has not ended."""

    def __init__(self, ended: bool = False) -> None:
        super().__init__()
        self._ended = ended

    def share(self, make: Callable[[], Journal | None]) -> Journal | None:
        return None if self._ended else make()

    def packed_origin(self, origin: Origin) -> bytes:
        return origin.name.encode()

    def packed_request(self, request: Request) -> bytes:
        return type(request).__name__.encode()


def make(decisions: Decisions, at_once: bool = True) -> tuple[CompiledLane, Played, OwnObjects]:
    played, own = Played(), OwnObjects()
    restrictions = OwnRestrictions(0, decisions)
    fast_lane = FastLane(decisions, Memory())
    parts = fast_lane, Waiting(), decisions, own, restrictions
    made = CompiledLane(played, *parts, INIT, at_once)
    return made, played, own


def decided(*rules: Rule, witness: Told | None = None) -> Decisions:
    floor = Floor([FloorRule("/work", READ_WRITE, True)])
    return Decisions(
        Policy((Rule(Subtree("/work"), READ_WRITE, Effect.ALLOW, FLAG), *rules)), floor, witness
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
    access: Access, witness: Told | None, expected: Options
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
    rest = Waiting(), decisions, OwnObjects(), OwnRestrictions(0, decisions), INIT
    assert compiled_lane.compiled_lane(None, *rest) is None
    made = compiled_lane.compiled_lane(FastLane(decisions, Memory()), *rest)
    assert (made is not None) is serves


def test_it_needs_names_in_utf_8(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.getfilesystemencoding", lambda: "iso8859-1")
    assert compiled_lane.wanted() == "python"


REFUSED = AskedOpen(b"/else/file", Access.READ.value, b"")


class Caller(NamedTuple):
    """Of one program of the sandbox."""

    init_pid: int = INIT
    pid: int = 1
    exe: str = "/bin/x"
    argv: tuple[str, ...] = ()
    cwd: str = "/"


def refuse(decisions: Decisions, path: str, access: Access = Access.READ) -> None:
    with pytest.raises(PermissionError):
        decisions.require(Open(Caller(), path, access))


@pytest.mark.parametrize("witness", [None, Audited()])
def test_a_refusal_is_told_the_second_time(witness: Told | None) -> None:
    rule = Rule(File("/denied"), Access.READ, Effect.DENY, FLAG)
    decisions = decided(rule, witness=witness)
    lane, played, _ = make(decisions)
    denied = AskedOpen(b"/denied", Access.READ.value, b"")
    for asked in (REFUSED, denied):
        played.open = asked
        lane.receive()
        assert asked not in played.answers
        refuse(decisions, asked.path.decode())
        lane.receive()
    default, flag = (b"", b"") if witness is None else (b"default", b"--x")
    assert played.answers == {REFUSED: (errno.EACCES, default), denied: (errno.EPERM, flag)}
    decisions.extend([Rule(Subtree("/else"), Access.READ, Effect.ALLOW, FLAG)])
    played.open = None
    lane.receive()
    assert played.answers == {}, "another policy is asked anew"


def test_what_the_lane_refuses_is_counted_with_the_others() -> None:
    decisions = decided()
    lane, played, _ = make(decisions)
    played.open = REFUSED
    lane.receive()
    refuse(decisions, "/else/file")
    played.given = 3  # of another answer, before
    lane.receive()
    refuse(decisions, "/else/file")
    played.given = 10
    assert [each.count for each in decisions.denials.all()] == [9]
    assert [each.count for each in decisions.denials.of(INIT)] == [9]
    played.given = 20
    lane.close()
    played.given = 30
    assert [each.count for each in decisions.denials.all()] == [19]


@pytest.mark.parametrize(
    ("asked", "rule"),
    [
        (REFUSED, Rule(Subtree("/else"), Access.READ, Effect.ASK, FLAG)),
        (REFUSED, Rule(Subtree("/else"), Access.READ, Effect.ALLOW, FLAG)),
        (AskedOpen(b"/work/file", Access.READ.value, b""), None),
        (AskedOpen(b"/copy", Access.WRITE.value, b""), None),
        (AskedOpen(b"/tmp/own", Access.READ.value, b"of another"), None),
        (AskedOpen(b"/etc/machine-id", Access.READ.value, b""), None),
    ],
    ids=["asked", "allowed", "covered", "copied", "others", "a probe"],
)
def test_what_is_never_told(asked: AskedOpen, rule: Rule | None) -> None:
    decisions = decided(*([] if rule is None else [rule]))
    decisions = Decisions(decisions.policy, decisions.floor, copies={"/copy"})
    lane, played, _ = make(decisions)
    played.open = asked
    for _ in range(4):
        lane.receive()
        with contextlib.suppress(PermissionError):
            decisions.require(Open(Caller(), asked.path.decode(), Access(asked.access)))
    assert played.answers == {}


def test_an_own_object_is_told_until_one_is_forgotten() -> None:
    lane, played, own = make(decided())
    lane.receive()
    path = f"/tmp/nono-test-{os.getpid()}"
    with open(path, "xb") as made:
        own.record_created(path, made.fileno())
        known = identity(made.fileno())
        assert known
        played.open = AskedOpen(path.encode(), READ_WRITE.value, known)
        lane.receive()
        lane.receive()
        assert [error for error, _ in played.answers.values()] == [0]
        os.unlink(path)
        with Handle(os.open(f"/proc/self/fd/{made.fileno()}", os.O_PATH)) as handle:
            own.forget(handle)
    lane.receive()
    lane.receive()
    assert played.answers == {}
