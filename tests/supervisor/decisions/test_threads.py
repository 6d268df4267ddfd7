"""Decisions are shared by the loops of all programs of a sandbox and by trio's thread."""

import errno

from nono.broker import Access, Deny, Floor, Open, Policy, Request, Verdict
from nono.broker.floor.floor import FloorRule
from nono.broker.requests import RecordedProcess
from nono.broker.verdicts import Ask
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.decisions.denials import Denials
from tests.supervisor.hammer import THREADS, Yielding, hammer

ME = RecordedProcess(1)
ROUNDS = 50


def test_every_refusal_is_counted() -> None:
    decisions = Decisions(Policy(), Floor())

    def refuse(number: int) -> None:
        for turn in range(ROUNDS):
            for path in (f"/of/all/{turn}", f"/of/{number}/{turn}"):
                try:
                    decisions.require(Open(ME, Yielding(path), Access.READ))
                except PermissionError:
                    continue
                raise AssertionError("no rule allows it")

    hammer(refuse)
    counts = {str(each.request.path): each.count for each in decisions.denials.all()}  # type: ignore[union-attr]
    expected = {f"/of/all/{turn}": THREADS for turn in range(ROUNDS)}
    expected |= {f"/of/{n}/{turn}": 1 for n in range(THREADS) for turn in range(ROUNDS)}
    assert counts == expected


def test_what_is_beyond_the_bound_is_counted_too() -> None:
    denials = Denials()
    verdict = Policy().decide(Open(ME, "/", Access.READ))
    assert isinstance(verdict, Deny)

    def refuse(number: int) -> None:
        for turn in range(400):
            denials.record(Open(ME, Yielding(f"/{number}/{turn}"), Access.READ), verdict)

    hammer(refuse)
    assert len(denials.all()) == 2_000
    assert denials.overflow == THREADS * 400 - 2_000


def test_what_was_listed_once_stays_as_it_was() -> None:
    decisions = Decisions(Policy(), Floor())
    request = Open(ME, "/secret", Access.READ)
    listed = []
    for _ in range(2):
        try:
            decisions.require(request)
        except PermissionError as error:
            assert error.errno == errno.EACCES
        listed.append(decisions.denials.all())
    assert [[each.count for each in now] for now in listed] == [[1], [2]]


def test_no_move_is_forgotten() -> None:
    """A floor that still had a rule would let a call on a name go on that means another object."""
    paths = [f"/place/{number}" for number in range(THREADS * ROUNDS)]
    floor = Floor(FloorRule(path, Access.READ, directory=False) for path in paths)
    decisions = Decisions(Policy(), floor)
    assert all(decisions.floor_covers(path, Access.READ) for path in paths)

    def move(number: int) -> None:
        for path in paths[number::THREADS]:
            decisions.note_moved(path)
            assert not decisions.floor_covers(path, Access.READ)

    hammer(move)
    assert decisions.floor.rules == ()


class Listener:
    """A witness that looks at the decisions while it is told of one."""

    every_call = False
    refuses = False
    may_refuse = False

    def __init__(self) -> None:
        self.decisions: Decisions | None = None
        self.hosts: list[str] = []

    def decision(self, request: Request, decided: Request, verdict: Verdict) -> None: ...

    def native(self, request: Request, refused: Deny | Ask | None = None) -> None: ...

    def unresolved(self, host: str, why: str) -> None:
        assert self.decisions is not None
        assert self.decisions.unresolved
        self.hosts.append(host)


def test_hosts_without_an_address_are_kept_up_to_a_bound_and_all_told() -> None:
    listener = Listener()
    decisions = Decisions(Policy(), Floor(), listener)
    listener.decisions = decisions

    def note(number: int) -> None:
        for turn in range(ROUNDS):
            decisions.note_unresolved(Yielding(f"{turn}.{number}.example"), "there is no such host")

    hammer(note)
    assert len(decisions.unresolved) == 100
    assert len(listener.hosts) == THREADS * ROUNDS
