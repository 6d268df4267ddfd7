"""How long a question waits for calls that are to be one with it. No time passes here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import trio
import trio.testing

from nono.broker import Process
from nono.broker.asking.question import Subject, SubjectKind
from nono.supervisor.asking.channel import Channel
from nono.supervisor.asking.waiting.call import WaitingCall
from nono.supervisor.asking.waiting.company import COMPANY_SECONDS, wait_for_company
from nono.supervisor.asking.waiting.group import Group
from tests.supervisor.asking.worlds import asking_with, undecided

ASKING = asking_with(Channel())


@dataclass
class Program:
    """A program with threads, if `running` says anything: at each look whether others run."""

    running: Iterator[bool] | None = None
    pid: int = 1
    exe: str = "/usr/bin/python3"
    argv: tuple[str, ...] = ("python3",)
    cwd: str = "/w"
    looks: list[bool] = field(default_factory=list)

    @property
    def has_threads(self) -> bool:
        return self.running is not None

    @property
    def other_threads_run(self) -> bool:
        self.looks.append(next(self.running or iter(()), False))
        return self.looks[-1]


def call(process: Process) -> WaitingCall:
    return WaitingCall(process, undecided(ASKING, 1, "/data/f"), trio.Event())


def group(*calls: WaitingCall) -> Group:
    subject = Subject(SubjectKind.DIRECTORY, "/data")
    return Group(subject, frozenset({"read"}), "", trio.CancelScope(), list(calls))


def waited(one: Group, *others: Group) -> float:
    async def body() -> float:
        before = trio.current_time()
        await wait_for_company(one, [one, *others])
        return trio.current_time() - before

    return trio.run(body, clock=trio.testing.MockClock(autojump_threshold=0))


def test_a_program_that_does_one_thing_after_the_other_is_asked_for_at_once() -> None:
    assert waited(group(call(Program()))) == 0


def test_threads_that_sleep_bring_nothing() -> None:
    assert waited(group(call(Program(iter([]))))) <= 0.02


def test_threads_are_waited_for_as_long_as_they_run() -> None:
    busy = Program(iter([True, True, True, False, True]))
    assert 0.03 <= waited(group(call(busy))) <= 0.05 and len(busy.looks) == 7
    assert waited(group(call(Program(iter([True] * 1000))))) == pytest.approx(
        COMPANY_SECONDS, abs=0.01
    )


def test_while_others_wait_more_may_come() -> None:
    one = group(call(Program()))
    assert waited(one, group(call(Program()))) == pytest.approx(COMPANY_SECONDS, abs=0.01)
    several = group(call(Program()), call(Program()))
    assert waited(several) == pytest.approx(COMPANY_SECONDS, abs=0.01)


def test_who_leaves_is_not_waited_for() -> None:
    one = group(call(Program(iter([True] * 1000))))

    async def body() -> float:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait_for_company, one, [one])
            await trio.sleep(0.02)
            one.calls.clear()
        return trio.current_time()

    start = trio.run(body, clock=trio.testing.MockClock(autojump_threshold=0))
    assert start <= 0.05
