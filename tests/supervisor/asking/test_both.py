"""Who sits before the program is told of what is asked elsewhere; the first answer counts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import trio
import trio.testing

from nono.broker.asking.question import Answer, Question
from nono.supervisor.asking.channel import Channel, ChannelGone
from nono.supervisor.asking.control import over_control
from nono.supervisor.asking.control.over_control import Attached
from nono.supervisor.asking.dispatch import Dispatch
from nono.supervisor.faults import Faults
from tests.broker.asking.worlds import question

Found = tuple[Answer | None, Channel | None]


class Place(Channel):
    """Somebody who answers, leaves or fails when a test says so."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.outcome: Answer | Exception | None = None
        self.over, self.wanted = trio.Event(), trio.Event()
        self.told = ""
        self.is_asked = False

    async def ask(self, question: Question) -> Answer | None:
        self.is_asked = True
        try:
            await self.over.wait()
        finally:
            self.is_asked = False
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    async def wanted_here(self, question: Question, where: Callable[[], str]) -> None:
        self.told = where()
        await self.wanted.wait()

    def ends(self, outcome: Answer | Exception | None) -> None:
        self.outcome = outcome
        self.over.set()


class World:
    """A watcher, and a terminal that the program was started on."""

    def __init__(self) -> None:
        self.watch, self.here = Place("watch"), Place("terminal")
        self.watch.is_elsewhere = True
        self.here.terminal = object()  # type: ignore[assignment]
        self.dispatch = Dispatch([self.watch, self.here], Faults())
        self.found: list[Found] = []

    async def asks(self) -> None:
        self.found.append(await self.dispatch.ask(question()))


@pytest.mark.parametrize("wanted", [False, True])
async def test_the_first_answer_counts(wanted: bool) -> None:
    for first, second in (("watch", "here"), ("here", "watch"))[: 1 + wanted]:
        world = World()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(world.asks)
            await trio.testing.wait_all_tasks_blocked()
            assert (world.here.told, world.here.is_asked) == ("watch", False)
            if wanted:
                world.here.wanted.set()
                await trio.testing.wait_all_tasks_blocked()
                assert world.here.is_asked and world.watch.is_asked
            answers: Place = getattr(world, first)
            answers.ends(Answer("o", first))
        assert world.found == [(Answer("o", first), answers)]
        assert not getattr(world, second).is_asked


async def test_who_leaves_hands_it_on() -> None:
    for wanted in (False, True):
        world = World()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(world.asks)
            await trio.testing.wait_all_tasks_blocked()
            if wanted:
                world.here.wanted.set()
                await trio.testing.wait_all_tasks_blocked()
            world.watch.ends(ChannelGone())
            await trio.testing.wait_all_tasks_blocked()
            assert world.here.is_asked and not world.watch.is_asked
            world.here.ends(Answer("n", "terminal"))
        assert world.found == [(Answer("n", "terminal"), world.here)]
    world = World()
    world.here.wanted.set()
    world.here.ends(ChannelGone())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(world.asks)
        await trio.testing.wait_all_tasks_blocked()
        assert world.watch.is_asked
        world.watch.ends(ChannelGone())
    assert world.found == [(None, None)]


async def test_a_fault_refuses() -> None:
    world = World()
    world.watch.ends(ZeroDivisionError())
    await world.asks()
    assert world.found == [(None, world.watch)] and len(world.dispatch.faults.texts) == 1


class Stopped:
    """A run whose one client is stopped, and then goes on for a while."""

    path = "/run/x.sock"
    has_answerers = True

    def server(self) -> Stopped:
        return self

    def is_stopped(self, pid: int) -> bool:
        return False

    def look(self) -> None:
        """It reads all that it is sent."""

    async def ask(self, question: Question) -> Answer | None:
        await trio.sleep_forever()
        return None


async def test_a_client_that_is_stopped_is_not_waited_for(
    autojump_clock: trio.testing.MockClock,
) -> None:
    channel, offered = Attached(), Stopped()
    channel.offered = offered  # type: ignore[assignment]
    with trio.move_on_after(1000):
        await channel.ask(question())
    assert trio.current_time() >= 1000  # it goes on, and the person thinks
    started = trio.current_time()
    async with trio.open_nursery() as nursery:

        async def stops() -> None:
            await trio.sleep(100)
            offered.has_answerers = False

        nursery.start_soon(stops)
        with pytest.raises(ChannelGone):
            await channel.ask(question())
    took = trio.current_time() - started - 100
    assert took <= over_control._STOPPED_SECONDS + 2 * over_control._LOOK_SECONDS
