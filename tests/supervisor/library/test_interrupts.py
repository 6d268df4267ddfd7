"""A KeyboardInterrupt comes between any two steps of a caller's: nobody waits for what it lost."""

import contextlib
import threading
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import trio

from nono.supervisor.library.portal import Portal
from nono.supervisor.library.sinks import Job, Jobs, in_queue
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
