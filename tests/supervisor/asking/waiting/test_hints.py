"""The flags that would say an answer at the next start: each of the kind that its object is."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from nono.broker import Access, Open, Operation, PathChange, Request
from nono.broker.audit.answer_records import Answered
from nono.supervisor.asking.waiting.call import WaitingCall
from nono.supervisor.decisions.undecided import Undecided
from tests.supervisor.asking.worlds import Scripted, Thread, asking_with, until, within

ONE = Thread(1)


def flags(request: Request, answer: str) -> Sequence[str]:
    """Those of the record, when this is asked and so answered."""
    channel = Scripted()
    asking = asking_with(channel)

    async def body() -> None:
        with pytest.raises(Undecided) as found:
            asking.decisions.require(request)
        call: WaitingCall = asking.questions.wait_for(ONE, found.value)
        await until(lambda: len(channel.open) == 1)
        channel.say(channel.open[0], answer)
        await call.done.wait()

    within(asking, body)
    (record,) = asking.questions.log.all()
    assert isinstance(record, Answered) and record.effect == "allow"
    return record.flags


@pytest.mark.parametrize("answer", ["o", "r"])
@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (PathChange(ONE, Operation.CREATE, "/home/u/out.txt"), "--write-file /home/u/out.txt"),
        (PathChange(ONE, Operation.MKNOD, "/home/u/fifo"), "--write-file /home/u/fifo"),
        (PathChange(ONE, Operation.MKDIR, "/home/u/.tool"), "--allow /home/u/.tool"),
        (Open(ONE, "/home/u/notes", Access.WRITE), "--write-file /home/u/notes"),
        (Open(ONE, "/home/u/notes", Access.READ), "--read-file /home/u/notes"),
    ],
)
def test_what_is_made_is_a_file_or_a_directory(request_: Request, told: str, answer: str) -> None:
    assert " ".join(flags(request_, answer)) == told


@pytest.mark.parametrize("operation", [Operation.UNLINK, Operation.SYMLINK])
def test_a_name_is_the_directory_s(operation: Operation) -> None:
    """The home is opened by no flag."""
    assert flags(PathChange(ONE, operation, "/data/x/f"), "o") == ("--write", "/data/x")
    assert flags(PathChange(ONE, operation, "/home/u/f"), "o") == ()


def test_a_name_that_is_another_one_next_time_is_none_for_a_flag() -> None:
    made = PathChange(ONE, Operation.CREATE, "/data/x/tmpa8_b7c6d")
    assert flags(made, "o") == ("--write", "/data/x")
