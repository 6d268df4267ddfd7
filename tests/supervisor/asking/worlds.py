"""Questions without a sandbox, and a channel that answers when it is told to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest
import trio
import trio.testing

from nono.broker import (
    Access,
    Answer,
    Effect,
    Floor,
    Open,
    Policy,
    Question,
)
from nono.broker.asking.surroundings import Place
from nono.broker.learning.generalise import Surroundings
from nono.supervisor.asking.asking import Asking
from nono.supervisor.asking.channel import Channel
from nono.supervisor.asking.dispatch import Dispatch
from nono.supervisor.asking.waiting.call import WaitingCall
from nono.supervisor.asking.waiting.look import QuickLook
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.decisions.undecided import Undecided
from nono.supervisor.faults import Faults


@dataclass(frozen=True)
class Thread:
    tid: int
    pid: int = 4711
    exe: str = "/usr/bin/python3"
    argv: tuple[str, ...] = ("python3", "script.py")
    cwd: str = "/w"
    asks: bool = True


PLACE = Place(Surroundings("/home/u", "/w"), QuickLook())


def asking_with(*channels: Channel) -> Asking:
    decisions = Decisions(Policy(default=Effect.ASK), Floor())
    return Asking(decisions, Dispatch(list(channels), Faults()), lambda: PLACE, run="7f3a")


def undecided(asking: Asking, tid: int, path: str) -> Undecided:
    with pytest.raises(Undecided) as found:
        asking.decisions.require(Open(Thread(tid), path, Access.READ))
    return found.value


def waits(asking: Asking, tid: int, path: str) -> WaitingCall:
    return asking.questions.wait_for(Thread(tid), undecided(asking, tid, path))


def within(asking: Asking, body: Callable[[], Awaitable[None]]) -> None:
    """Run a test while questions are served."""

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(asking.serve)
            await trio.testing.wait_all_tasks_blocked()
            with trio.fail_after(60):
                await body()
            nursery.cancel_scope.cancel()

    trio.run(main)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for it; `within` bounds how long."""
    while not condition():
        await trio.sleep(0.005)


class Scripted(Channel):
    """A channel that answers when it is told to."""

    name = "scripted"

    def __init__(self) -> None:
        self.open: list[Question] = []
        self.answers: dict[int, str] = {}
        self.changed = trio.Event()

    async def ask(self, question: Question) -> Answer | None:
        self.open.append(question)
        try:
            while question.id not in self.answers:
                await self.changed.wait()
            return Answer(self.answers[question.id], self.name)
        finally:
            self.open.remove(question)

    def say(self, question: Question, offer: str) -> None:
        self.answers[question.id] = offer
        self.changed.set()
        self.changed = trio.Event()
