"""A KeyboardInterrupt comes between any two steps of a caller's: nobody waits for what it lost."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import trio

from nono.supervisor.library.portal import Portal
from nono.supervisor.library.sinks import Job, Jobs, Waited, in_loop, in_queue
from tests.conftest import TIMEOUT


class Losing(Jobs):
    """The first that is taken out of it is lost, as by an interrupt before it has a name."""

    is_interrupted = False

    def get(self, block: bool = True, timeout: float | None = None) -> Job | None:
        job = super().get(block, timeout)
        if not self.is_interrupted:
            self.is_interrupted = True
            raise KeyboardInterrupt
        return job


@contextlib.asynccontextmanager
async def nothing() -> AsyncIterator[None]:
    yield


def piece_in_hand(jobs: Jobs) -> Callable[[], Awaitable[None]]:
    sink = in_queue(lambda piece: None, jobs)

    async def run() -> None:
        with trio.CancelScope(shield=True):
            await sink("a piece")
        await trio.sleep_forever()

    return run


def at_its_end(jobs: Jobs) -> Callable[[], Awaitable[None]]:
    return trio.lowlevel.checkpoint


@pytest.mark.parametrize("call", [piece_in_hand, at_its_end])
def test_what_is_lost_is_not_waited_for(
    call: Callable[[Jobs], Callable[[], Awaitable[None]]],
) -> None:
    portal, jobs, ended = Portal(nothing), Losing(), threading.Event()
    portal.open()

    def interrupted() -> None:
        with pytest.raises(KeyboardInterrupt):
            portal.call(call(jobs), jobs=jobs)
        ended.set()

    threading.Thread(target=interrupted, daemon=True).start()
    assert ended.wait(TIMEOUT)
    portal.close()


def lose_one(loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first job that is handed to it is lost, as by an interrupt before it runs it."""
    handed, lost = loop.call_soon_threadsafe, list[Any]()

    def call_soon_threadsafe(callback: Any, *args: Any, **context: Any) -> Any:
        if not lost and getattr(callback, "__func__", None) is Job.do:
            lost.append(callback)
            callback = interrupt
        return handed(callback, *args, **context)

    monkeypatch.setattr(loop, "call_soon_threadsafe", call_soon_threadsafe)


def interrupt() -> None:
    raise KeyboardInterrupt


def test_what_a_loop_has_lost_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """asyncio.run cancels its tasks after an interrupt, and waits for them."""
    portal, jobs, ended = Portal(nothing), Waited(), threading.Event()
    loop, pieces = asyncio.new_event_loop(), list[str]()
    lose_one(loop, monkeypatch)
    sink = in_loop(pieces.append, jobs, loop)
    portal.open()

    async def shielded(piece: str) -> None:
        with trio.CancelScope(shield=True):
            await sink(piece)

    async def run() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(shielded, "lost")
            await trio.lowlevel.checkpoint()
            nursery.start_soon(shielded, "kept")

    def interrupted() -> None:
        task = loop.create_task(portal.acall(run, jobs=jobs))
        with pytest.raises(KeyboardInterrupt):
            loop.run_until_complete(task)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            loop.run_until_complete(task)
        ended.set()

    threading.Thread(target=interrupted, daemon=True).start()
    assert ended.wait(TIMEOUT)
    loop.close()
    portal.close()
    assert not jobs.waited_for
    assert pieces == ["kept"]
