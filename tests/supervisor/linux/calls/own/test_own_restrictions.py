"""Who counts as restricted by Landlock: by ancestry, and where that is lost, by when it started."""

from __future__ import annotations

import pytest

from nono.broker import Floor, Policy
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.linux.calls.own import own_restrictions
from nono.supervisor.linux.calls.own.own_restrictions import OwnRestrictions
from nono.supervisor.linux.calls.resolving.caller import Caller
from nono.supervisor.linux.processes import Started

INIT, PROGRAM, SHELL, MARKED, BELOW = 10, 11, 12, 13, 14
NOW = 1000


class Process(Caller):
    def __init__(self, pid: int) -> None:
        super().__init__(pid, INIT)

    @property
    def pid(self) -> int:
        return self.tid


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> dict[int, Started]:
    """The tree as /proc shows it: it may be changed by the test."""
    tree = {
        INIT: Started(1, 100),
        PROGRAM: Started(INIT, 101),
        SHELL: Started(PROGRAM, 200),
        MARKED: Started(PROGRAM, 900),
    }
    monkeypatch.setattr(own_restrictions, "started", tree.get)
    monkeypatch.setattr("time.clock_gettime", lambda _: NOW / 100)
    return tree


@pytest.fixture
def restrictions(processes: dict[int, Started]) -> OwnRestrictions:
    made = OwnRestrictions(INIT, Decisions(Policy(()), Floor([])))
    assert not made.has_restricted(Process(MARKED))
    made.mark(Process(MARKED))
    return made


def test_the_marked_and_what_is_below_it(
    processes: dict[int, Started], restrictions: OwnRestrictions
) -> None:
    processes[BELOW] = Started(MARKED, 1500)
    processes[BELOW + 1] = Started(BELOW, 1600)
    restricted = {pid for pid in processes if restrictions.has_restricted(Process(pid))}
    assert restricted - {INIT} == {MARKED, BELOW, BELOW + 1}


def test_a_new_process_elsewhere_is_not(
    processes: dict[int, Started], restrictions: OwnRestrictions
) -> None:
    processes[BELOW] = Started(SHELL, 1500)
    assert not restrictions.has_restricted(Process(BELOW))


@pytest.mark.parametrize(("ticks", "expected"), [(NOW - 1, False), (NOW, True), (NOW + 1, True)])
def test_an_orphan_is_by_when_it_started(
    processes: dict[int, Started], restrictions: OwnRestrictions, ticks: int, expected: bool
) -> None:
    del processes[MARKED]
    processes[BELOW] = Started(INIT, ticks)
    assert restrictions.has_restricted(Process(BELOW)) is expected
    restrictions.note_reaper(Process(SHELL))
    processes[BELOW] = Started(SHELL, ticks)
    assert restrictions.has_restricted(Process(BELOW)) is expected


def test_a_number_that_is_another_process_by_now(
    processes: dict[int, Started], restrictions: OwnRestrictions
) -> None:
    processes[MARKED] = Started(SHELL, 1700)
    assert not restrictions.has_restricted(Process(MARKED))
    processes[BELOW] = Started(MARKED, 1500)  # of the one before: its ancestry is being lost
    assert restrictions.has_restricted(Process(BELOW))
    del processes[MARKED]
    assert restrictions.has_restricted(Process(BELOW))
    processes[BELOW] = Started(INIT, 1500)
    assert restrictions.has_restricted(Process(BELOW))


def test_too_many_to_remember_are_all(
    processes: dict[int, Started],
    restrictions: OwnRestrictions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(own_restrictions, "_MAX_MARKS", 2)
    processes[20], processes[21] = Started(PROGRAM, 1000), Started(PROGRAM, 1000)
    restrictions.mark(Process(20))
    del processes[20]
    restrictions.mark(Process(21))
    assert not restrictions.has_restricted(Process(SHELL))
    processes[22] = Started(PROGRAM, 1000)
    restrictions.mark(Process(22))
    assert restrictions.has_restricted(Process(SHELL))
