"""Programs that do not send what they began: what they are told, and what is recorded of it."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from nono.broker.credentials.heads import MAX_HEAD
from nono.supervisor.credentials import exchange as exchanging
from nono.supervisor.credentials import server as serving
from tests.supervisor.credentials.plain import END, Proxied, Side, proxied

_POST = b"POST /t/api/x HTTP/1.1"
_IN_CHUNKS = b"Transfer-Encoding: chunked"
_CLOSED = "the program closed the connection"
_FAULTS = [
    (b"-2\r\nhi\r\n0\r\n\r\n", 400, "the size of a chunk is no number"),
    (b"2\nhi\n0\n\n" + b"x" * 4096, 400, "the size of a chunk is too long"),
    (b"FFFFFFFFFFFFFFFF\r\nhi", 400, "the size of a chunk is no number"),
    (b"2;a=\0\r\nhi\r\n0\r\n\r\n", 400, "the size of a chunk is no number"),
    (b"2\r\nhi!\r\n0\r\n\r\n", 400, "a chunk does not end where it should"),
    (b"0\r\nX y\r\n\r\n", 400, "the trailers are not HTTP"),
    (b"0\r\nX: " + b"y" * MAX_HEAD, 431, "the trailers are too long"),
]


async def _silent(side: Side) -> None:
    """Answers what has no body, and hears everything else to its end."""
    while b"GET" in await side.until(END):
        await side.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nxx")
    await side.to_the_end()


def _reasons(p: Proxied) -> list[str]:
    return [reason for _, reason in p.proxy.issued.usage.reasons]


def _statuses(p: Proxied) -> list[int]:
    return [status for _, status in p.proxy.issued.usage.counts]


async def _closed(p: Proxied) -> None:
    """All connections to the service, of which there was one."""
    with trio.fail_after(20):
        while not p.count or p.served < p.count:
            await trio.sleep(0.01)


@pytest.mark.parametrize(("body", "status", "reason"), _FAULTS)
@pytest.mark.parametrize("is_one_piece", [False, True])
async def test_a_body_that_is_no_http_is_refused(
    body: bytes, status: int, reason: str, is_one_piece: bool
) -> None:
    """Also on a connection that was kept, which is not left behind."""
    async with proxied(_silent) as p:
        side = await p.connect()
        await side.send(p.head(b"GET /t/api/x HTTP/1.1"))
        await side.until(b"xx")
        head = p.head(_POST, _IN_CHUNKS)
        if not is_one_piece:
            await side.send(head)
            await trio.testing.wait_all_tasks_blocked(0.01)
            head = b""
        await side.send(head + body)
        answer = await side.to_the_end()
        assert answer.startswith(b"HTTP/1.1 %d " % status) and reason.encode() in answer
        assert _statuses(p) == [200, status]
        assert _reasons(p) == [f"not HTTP/1.1: {reason}"]
        await _closed(p)
        assert p.count == 1


async def test_what_follows_a_refused_body_is_no_request() -> None:
    async with proxied(_silent) as p:
        hidden = p.head(b"GET /t/api/y HTTP/1.1")
        answer = await p.ask(p.head(_POST, _IN_CHUNKS) + b"z\r\n" + hidden)
        assert answer.count(b"HTTP/1.1 ") == 1
        assert _statuses(p) == [400]


@pytest.mark.parametrize("end", [b"\n\n", b"\r", b"\r\r", b"\nX: y\r\n", b"\0", b"\r\n\n"])
@pytest.mark.parametrize("is_one_piece", [False, True])
async def test_what_never_becomes_a_head_is_refused_at_once(end: bytes, is_one_piece: bool) -> None:
    """It has no end in the form that is waited for."""
    begun = b"GET /t/api/x HTTP/1.1\r\nHost: x"
    async with proxied(_silent) as p:
        side = await p.connect()
        if not is_one_piece:
            await side.send(begun + end[:1])
            await trio.testing.wait_all_tasks_blocked(0.01)
            begun, end = b"", end[1:] + b"X"
        await side.send(begun + end + b"X")
        answer = await side.to_the_end()
        assert answer.startswith(b"HTTP/1.1 400 ") and b"does not end with CR and LF" in answer
        assert _statuses(p) == [400]
        assert p.count == 0


async def test_half_a_head_is_refused_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also a second one, which is waited for as long as the first; and nothing is no request."""
    monkeypatch.setattr(serving, "_HEAD_SECONDS", 0.1)
    late = "the program did not send the rest of the head in time"
    async with proxied(_silent) as p:
        assert await p.ask(b"") == b""
        assert (await p.ask(b"GET /t")).startswith(b"HTTP/1.1 408 ")
        assert (_statuses(p), _reasons(p)) == ([408], [late])
        whole = p.head(b"GET /t/api/x HTTP/1.1")
        for first, second in ((whole + b"GET", b" /t"), (whole, b"GET /t")):
            side = await p.connect()
            await side.send(first)
            await side.until(b"xx")
            await side.send(second)
            assert (await side.to_the_end()).startswith(b"HTTP/1.1 408 ")
        assert p.proxy.issued.usage.reasons == {("", late): 3}


async def test_who_gives_up_its_place_is_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Telling it would take time, and the place is another one's."""
    monkeypatch.setattr(serving, "_MAX_CONNECTIONS", 1)
    async with proxied(_silent) as p:
        first = await p.connect()
        await first.send(b"GET /t")
        await trio.testing.wait_all_tasks_blocked(0.01)
        head = p.head(b"GET /t/api/x HTTP/1.1", b"Connection: close")
        assert (await p.ask(head)).endswith(b"xx")
        assert await first.to_the_end() == b""
        assert _statuses(p) == [200]


async def test_a_fault_behind_the_beginning_of_an_answer_is_recorded() -> None:
    """Nothing else can be said to the program then but that the answer has no end."""

    async def serve(side: Side) -> None:
        await side.until(END)
        await side.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        await side.to_the_end()

    async with proxied(serve) as p:
        side = await p.connect()
        await side.send(p.head(_POST, _IN_CHUNKS))
        await side.until(b"first")
        await side.send(b"z\r\n")
        assert b"0\r\n" not in await side.to_the_end()
        assert _statuses(p) == [200]
        assert _reasons(p) == ["not HTTP/1.1: the size of a chunk is no number"]
        await _closed(p)


async def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchanging, "BODY_SECONDS", 0.1)
    async with proxied(_silent) as p:
        answer = await p.ask(p.head(_POST, b"Content-Length: 10") + b"hi")
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert _statuses(p) == [408]
        assert _reasons(p) == ["the program did not send the rest of the body in time"]
        await _closed(p)


async def test_who_does_not_take_its_answer_is_recorded_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchanging, "BODY_SECONDS", 0.1)

    async def serve(side: Side) -> None:
        await side.until(END)
        await side.send(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(30_000_000))

    async with proxied(serve) as p:
        side = await p.connect()
        await side.send(p.head(b"GET /t/api/x HTTP/1.1"))
        await _closed(p)
        assert _reasons(p) == ["the program did not take the answer in time"]
        await side.stream.aclose()


async def test_a_body_that_breaks_off_is_a_program_that_closes() -> None:
    async with proxied(_silent) as p:
        side = await p.connect()
        await side.send(p.head(_POST, b"Content-Length: 10") + b"hi")
        await side.stream.send_eof()
        assert await side.to_the_end() == b""
        assert (_statuses(p), _reasons(p)) == ([0], [_CLOSED])


async def test_the_end_of_the_run_is_no_fault_of_the_program() -> None:
    asked = trio.Event()

    async def serve(side: Side) -> None:
        await side.until(END)
        asked.set()
        await side.to_the_end()

    async with proxied(serve) as p:
        side = await p.connect()
        await side.send(p.head(b"GET /t/api/x HTTP/1.1"))
        await asked.wait()
    assert _reasons(p) == ["the run ended"]
    await side.stream.aclose()
