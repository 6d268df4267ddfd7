"""Who is ended with a run: told by a kernel that is made up here."""

from __future__ import annotations

import os
import signal

import pytest

from nono.shims.macos import enter, processes
from nono.shims.macos.watch import Event
from nono.supervisor.macos.launch import ending
from nono.supervisor.macos.launch.ending import Descendants, is_marked, kill_everything, marked

MARK = "nono.run.nono-1"


class Kernel:
    """Processes: in which sandbox each is, as what that may look up; None for no sandbox."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sandboxes: dict[int, set[str] | None] = {}
        self.children: dict[int, list[int]] = {}
        self.killed: list[int] = []
        self.born: list[int] = []
        monkeypatch.setattr(enter, "is_held", self._is_held)
        monkeypatch.setattr(enter, "refuses", self._refuses)
        monkeypatch.setattr(processes, "everything", lambda: list(self.sandboxes))
        monkeypatch.setattr(processes, "children", lambda pid: self.children.get(pid, []))
        monkeypatch.setattr(os, "kill", self._kill)
        monkeypatch.setattr(ending, "_SECONDS", 0)

    def _is_held(self, pid: int) -> bool:
        if pid not in self.sandboxes:
            raise ProcessLookupError
        return self.sandboxes[pid] is not None

    def _refuses(self, pid: int, operation: str, what: str, kind: int) -> bool:
        assert (operation, kind) == ("mach-lookup", enter.SERVICE)
        allowed = self.sandboxes[pid]
        return allowed is not None and what not in allowed and "*" not in allowed

    def _kill(self, pid: int, number: int) -> None:
        assert number == signal.SIGKILL
        self.killed.append(pid)
        del self.sandboxes[pid]
        if self.born:
            self.sandboxes[self.born.pop()] = {MARK}


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    return Kernel(monkeypatch)


def test_whose_a_process_is(kernel: Kernel) -> None:
    kernel.sandboxes = {1: None, 2: {MARK}, 3: {"nono.run.nono-2"}, 4: {"*"}, 5: set()}
    assert [pid for pid in (*kernel.sandboxes, 6) if is_marked(pid, MARK)] == [2]
    assert marked(MARK) == [2]


def test_nobody_else_is_killed_and_who_is_born_meanwhile_is(kernel: Kernel) -> None:
    kernel.sandboxes = {1: None, 2: {MARK}, 3: {"nono.run.nono-2"}, 4: {"*"}}
    kernel.born = [11, 10]
    assert kill_everything(0, MARK, lambda: [1, 99], lambda: None) == 0
    assert kernel.killed == [2, 10, 11]
    assert set(kernel.sandboxes) == {1, 3, 4}


def test_who_was_seen_is_killed_where_the_mark_tells_nothing(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for a number that is a process outside of every sandbox by now."""

    def fails() -> list[int]:
        raise PermissionError

    monkeypatch.setattr(processes, "everything", fails)
    kernel.sandboxes = {1: None, 2: set()}
    assert kill_everything(0, MARK, lambda: [1, 2, 3], lambda: None) == 0
    assert kernel.killed == [2]


def test_it_is_not_tried_for_ever(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "kill", lambda pid, number: None)
    kernel.sandboxes = {2: {MARK}, 3: {MARK}}
    assert kill_everything(0, MARK, lambda: [], lambda: None) == 2


class _Watch:
    """What is watched, and the events to come."""

    def __init__(self) -> None:
        self.added: list[int] = []
        self.events: list[Event] = []
        self.gone: set[int] = set()

    def add(self, pid: int) -> bool:
        self.added.append(pid)
        return pid not in self.gone

    def heard(self) -> list[Event]:
        events, self.events = self.events, []
        return events

    def fileno(self) -> int:
        return -1

    def close(self) -> None: ...


def test_descendants_are_followed(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = _Watch()
    monkeypatch.setattr(ending, "Watch", lambda: watch)
    kernel.children = {10: [11], 11: [12]}
    watch.gone = {12}
    seen = Descendants(10)
    assert seen.alive() == [10, 11]
    kernel.children = {10: [11, 13], 13: [14]}
    watch.events = [Event(10, forked=True, ended=False), Event(11, forked=False, ended=True)]
    seen.look()
    assert seen.alive() == [10, 13, 14]
    watch.events = [Event(pid, forked=False, ended=True) for pid in (10, 11, 13, 14)]
    seen.look()
    assert seen.alive() == []
