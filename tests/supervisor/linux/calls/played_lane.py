"""What plays the lane in C, and who is told, for tests of what is beside it."""

import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from nono.broker import (
    READ_WRITE,
    Deny,
    Effect,
    Floor,
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
from nono.shims.linux.journal import Journal
from nono.shims.linux.lane import AskedOpen, Lane, Options
from nono.shims.linux.memory import Memory
from nono.shims.linux.notify import Listener, Notification
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.linux.calls.lanes.compiled_lane import CompiledLane
from nono.supervisor.linux.calls.lanes.fast_lane import FastLane
from nono.supervisor.linux.calls.own.own_objects import OwnObjects
from nono.supervisor.linux.calls.own.own_restrictions import OwnRestrictions
from nono.supervisor.linux.injected_files import InjectedFiles

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

    def use(self, flat: bytes, version: int, current: bytearray) -> None:
        assert int.from_bytes(current, sys.byteorder) == version
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

    def connect(self, is_shared: "bytearray | None" = None) -> None: ...

    def allow_place(
        self,
        place: bytes,
        about: bytes,
        request: bytes,
        origin: bytes,
        listeners: Collection[int] = (),
    ) -> None:
        self.allowed.append((place, about, request, origin))
        self.listeners = listeners

    def forget_places(self) -> None:
        self.allowed.clear()

    open: AskedOpen | None = None
    """What the next call is to open."""
    answers: dict[AskedOpen, tuple[int, bytes]] = field(default_factory=dict)
    given: int = 0
    source: int = -1
    listeners: Collection[int] = ()

    @property
    def asked_open(self) -> AskedOpen | None:
        return self.open

    def answer(self, own: bytearray) -> None:
        assert not any(own)

    def tell_answer(self, asked: AskedOpen, error: int, origin: bytes, source: int = -1) -> int:
        self.answers[asked] = error, origin
        self.source = source
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


def make(
    decisions: Decisions, at_once: bool = True, injected: InjectedFiles | None = None
) -> tuple[CompiledLane, Played, OwnObjects]:
    played, own = Played(), OwnObjects()
    restrictions = OwnRestrictions(0, decisions)
    fast_lane = FastLane(decisions, Memory())
    parts = fast_lane, Waiting(), decisions, own, restrictions
    made = CompiledLane(played, *parts, INIT, injected, at_once)
    return made, played, own


def decided(*rules: Rule, witness: Told | None = None) -> Decisions:
    floor = Floor([FloorRule("/work", READ_WRITE, True)])
    return Decisions(
        Policy((Rule(Subtree("/work"), READ_WRITE, Effect.ALLOW, FLAG), *rules)), floor, witness
    )
