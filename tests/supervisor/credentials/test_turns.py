"""Answers that take long to look through: how long others, and trio itself, wait for a turn."""

from __future__ import annotations

import base64
import os
import selectors
import time

import pytest
import trio

from nono.broker.credentials.masking import Mask
from nono.broker.credentials.services import own_service
from nono.supervisor.credentials import poll as polling
from nono.supervisor.credentials.answer import Answer
from nono.supervisor.credentials.client import Client
from nono.supervisor.credentials.issued import Issued
from nono.supervisor.credentials.judged import Judge, Judged
from nono.supervisor.credentials.masked import Masked
from nono.supervisor.credentials.poll import Line, Poll
from nono.supervisor.credentials.websocket import Tunnel
from nono.supervisor.credentials.wire import Wire
from tests.supervisor.credentials.fake import REAL_KEY

_SLOW = b"&#0000037;" * 200
_MASK = Mask(REAL_KEY.encode())


class _Service(Wire):
    """Has always more to say, and counts how often it was asked."""

    def __init__(self, first: bytes) -> None:
        self.pieces = 0
        self._first = first

    def receive(self) -> bytes | None:
        self.pieces += 1
        first, self._first = self._first, b""
        return first or _SLOW

    def send(self, data: bytes) -> bytes:
        return b""


class _Program(Wire):
    """Takes everything, and says nothing."""

    def __init__(self) -> None:
        self.taken = b""

    def receive(self) -> bytes | None:
        return None

    def send(self, data: bytes) -> bytes:
        self.taken += data
        return b""


def _judged() -> Judged:
    issued = Issued([own_service("t", "http://localhost:1/api", "env://K", "K")], {"K": REAL_KEY})
    head = b"GET /t/api/x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %b\r\n\r\n"
    judged = Judge(issued, 99).judge(head % issued.tokens["t"])
    assert isinstance(judged, Judged)
    return judged


@pytest.mark.long
async def test_a_turn_of_an_answer_ends_with_its_time() -> None:
    async with trio.open_nursery() as nursery:
        poll = Poll(nursery)
        program = _Program()
        answer = Answer(Client(program, Line(poll)), _judged().teller, _MASK)
        service = _Service(b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n")
        turns = 0
        while answer.received < 2 * len(_SLOW) or answer.has_more:
            before = service.pieces
            answer.go(service)
            turns += 1
            assert service.pieces - before <= 2  # the head, and one piece of the body
        assert turns > 4
        assert program.taken.endswith(_SLOW * 2)
        poll.close()


async def test_a_turn_of_a_websocket_ends_with_its_time() -> None:
    async with trio.open_nursery() as nursery:
        poll = Poll(nursery)
        service = _Service(_SLOW)
        tunnel = Tunnel(Client(_Program(), Line(poll)), service, b"", _MASK)
        assert not tunnel._go()
        assert service.pieces == 1
        poll.close()


@pytest.mark.long
@pytest.mark.parametrize(
    "text", [b"\\%", b"&bsol;", b"\\u{5c}", b"&#x5c;u0073", b"\\\\%25"], ids=bytes.hex
)
def test_no_piece_holds_more_than_a_few_spellings(text: bytes) -> None:
    """Dense, and where more than a piece of plain text is between them."""
    for slow in (text * 300, (text + b"z" * 40) * 200, text * 200 + b"z" * 60_000):
        masked = Masked(_MASK)
        masked.add(slow)
        taken = []
        while not masked.is_empty:
            taken.append(masked.take(0.0))
        assert b"".join((*taken, masked.finish())) == slow
        introducers = sum(text.count(each) for each in (b"\\", b"%", b"&", b"="))
        assert len(taken) >= slow.count(text) * introducers // 512


@pytest.mark.parametrize("coding", ["ascii", "utf-16-le", "utf-16-be", "utf-32-le"])
@pytest.mark.parametrize("begun", [9, 0])
def test_beginnings_of_keys_are_looked_through_in_pieces(coding: str, begun: int) -> None:
    """As plain as they are: many a key begins as all of its service do."""
    forms = REAL_KEY, base64.b64encode(REAL_KEY.encode()).decode()
    text = "".join(form[: begun or len(form)] + "!" for form in forms) * 60
    slow = text.encode(coding)
    masked = Masked(_MASK)
    masked.add(slow)
    taken = []
    while not masked.is_empty:
        taken.append(masked.take(0.0))
    # Each beginning is a few characters of work, and 64 of these are a piece.
    assert len(taken) > 2 * 60 * 8 // 64
    told = b"".join((*taken, masked.finish()))
    assert told == (slow if begun else _MASK.covered(slow))
    assert begun or told != slow


class _Busy:
    """Ready at any time, and long at work."""

    def __init__(self, at: int, woken: list[str]) -> None:
        self._at = at
        self._woken = woken

    def fileno(self) -> int:
        return self._at

    def wake(self, events: int) -> None:
        self._woken.append("line")
        end = time.monotonic() + 2 * polling.TURN_SECONDS
        while time.monotonic() < end:
            pass


async def test_trio_has_a_turn_between_lines_that_are_long_at_work() -> None:
    """Time limits and other sandboxes are tasks as well."""
    reading, writing = os.pipe()
    os.write(writing, b"x")
    ready = [os.dup(reading) for _ in range(8)]
    woken: list[str] = []
    async with trio.open_nursery() as nursery:
        poll = Poll(nursery)
        for each in ready:
            poll.watch(_Busy(each, woken), 0, selectors.EVENT_READ)
        nursery.start_soon(poll.run)
        while woken.count("line") < len(ready):
            woken.append("other")
            await trio.lowlevel.checkpoint()
        nursery.cancel_scope.cancel()
    poll.close()
    for each in (reading, writing, *ready):
        os.close(each)
    # Those that are ready together take their turns in any order: the first pass's and the last's
    # may be outside.
    assert woken[woken.index("line") :].count("other") >= len(ready) - 2
