"""An attempt that blocks after all holds up nobody, and what it needs is closed after it."""

from __future__ import annotations

import threading

import trio

from nono.supervisor.linux.calls.answers import DONE, Answer, Restart
from nono.supervisor.linux.calls.stalling import Threads, may_stall
from tests.conftest import TIMEOUT


def test_who_waits_for_an_attempt_can_stop() -> None:
    begun, goes_on, closed = threading.Event(), threading.Event(), threading.Event()

    def attempt() -> Answer:
        begun.set()
        assert goes_on.wait(TIMEOUT)
        assert not closed.is_set()
        return DONE

    call = may_stall(attempt, closed.set, Restart)

    async def give_up() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(Threads().attempt, call)
            assert await trio.to_thread.run_sync(begun.wait, TIMEOUT)
            nursery.cancel_scope.cancel()

    trio.run(give_up)
    call.close()
    assert not closed.is_set(), "a number of ours may be another file's by then"
    goes_on.set()
    assert closed.wait(TIMEOUT)


def test_no_attempt_begins_once_the_call_is_over() -> None:
    made: list[str] = []

    def attempt() -> Answer:
        made.append("attempt")
        return DONE

    call = may_stall(attempt, lambda: made.append("closed"), Restart)
    assert trio.run(Threads().attempt, call) == DONE
    call.close()
    assert trio.run(Threads().attempt, call) is None
    assert made == ["attempt", "closed"]
