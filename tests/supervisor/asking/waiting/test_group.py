"""What of an answer each call gets that waits at the same time."""

from __future__ import annotations

import pytest

from nono.broker import Access, Open, Operation, PathChange, Request
from nono.supervisor.asking.asking import Asking
from nono.supervisor.asking.waiting.call import Again, WaitingCall
from nono.supervisor.decisions.undecided import Undecided
from tests.supervisor.asking.worlds import (
    Scripted,
    Thread,
    asking_with,
    until,
    waits,
    within,
)


def wanting(asking: Asking, tid: int, request: Request) -> WaitingCall:
    """A call that waits, whatever it wants."""
    with pytest.raises(Undecided) as found:
        asking.decisions.require(request)
    return asking.questions.wait_for(Thread(tid), found.value)


def test_an_answer_for_once_allows_what_it_shows() -> None:
    """Other wishes of the same directory, other names of the home, and who comes later ask anew."""
    channel = Scripted()
    asking = asking_with(channel)

    async def body() -> None:
        def changed(tid: int, operation: Operation, path: str) -> WaitingCall:
            return wanting(asking, tid, PathChange(Thread(tid), operation, path))

        delete = changed(1, Operation.UNLINK, "/data/x/f1")
        await until(lambda: len(channel.open) == 1)
        read = waits(asking, 2, "/data/x/f2")
        write = wanting(asking, 3, Open(Thread(3), "/data/x/f3", Access.WRITE))
        homes = [waits(asking, 10 + each, f"/home/u/{each}") for each in range(3)]
        await until(lambda: len(channel.open) == 6)
        shown = {each.subject.value: each for each in channel.open}
        assert shown.keys() == {
            *(f"/data/x/f{each}" for each in (1, 2, 3)),
            *(f"/home/u/{each}" for each in range(3)),
        }
        assert [shown[f"/data/x/f{each}"].wants for each in (1, 2, 3)] == [
            "delete",
            "read",
            "write",
        ]
        same = changed(4, Operation.UNLINK, "/data/x/f1")
        channel.say(shown["/data/x/f1"], "o")
        await delete.done.wait()
        assert isinstance(delete.outcome, Again) and len(delete.outcome.once.rules) == 1
        await until(lambda: any(each.wants == "delete" for each in channel.open))
        assert not any(each.done.is_set() for each in (same, read, write, *homes))
        (again,) = [each for each in channel.open if each.wants == "delete"]
        channel.say(again, "d")
        await same.done.wait()
        assert again.offers[0].words == "all of /data/x/ for writing, this run"
        await write.done.wait()  # which that opens, by its words
        assert not read.done.is_set()

    within(asking, body)
