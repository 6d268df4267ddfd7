"""What programs and services do with their connections, and do not expect the proxy to mind."""

from __future__ import annotations

import contextlib
import random

import pytest
import trio

from nono.broker.credentials.heads import NotHTTP
from nono.supervisor.credentials import judged as judging
from nono.supervisor.credentials import server as serving
from nono.supervisor.credentials.judged import Judge, Judged
from tests.supervisor.credentials.fake import REAL_KEY
from tests.supervisor.credentials.plain import END, Side, proxied

_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
_CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
_GET = b"GET /t/api/x HTTP/1.1"
_CLOSE = b"Connection: close"


async def _polite(side: Side) -> None:
    """Answers each request by the last two bytes of its path."""
    while head := await side.until(END):
        await side.send(_OK + head.split(b" ")[1][-2:])


async def test_requests_in_one_piece_are_answered_in_their_order() -> None:
    async with proxied(_polite) as p:
        asked = [p.head(b"GET /t/api/%02d HTTP/1.1" % number) for number in range(30, 60)]
        side = await p.connect()
        await side.send(b"".join(asked))
        for number in range(30, 60):
            assert (await side.until(b"%02d" % number)).endswith(END + b"%02d" % number)
        assert p.count == 1


async def test_a_head_comes_byte_by_byte() -> None:
    async with proxied(_polite) as p:
        side = await p.connect()
        for byte in p.head(b"GET /t/api/zz HTTP/1.1"):
            await side.send(bytes((byte,)))
            await trio.sleep(0)
        assert (await side.until(b"zz")).startswith(b"HTTP/1.1 200 OK\r\n")


async def test_a_piece_is_passed_on_before_the_next_one_comes() -> None:
    came = trio.Event()

    async def serve(side: Side) -> None:
        await side.until(END)
        await side.send(_CHUNKS + b"5\r\nfirst\r\n")
        await came.wait()
        await side.send(b"4\r\nlast\r\n0\r\n\r\n")

    async with proxied(serve) as p:
        side = await p.connect()
        await side.send(p.head(_GET))
        await side.until(b"first")
        came.set()
        assert b"last" in await side.until(b"0\r\n\r\n")


async def test_an_answer_before_the_end_of_the_upload_arrives() -> None:
    async def serve(side: Side) -> None:
        await side.until(END)
        await side.send(b"HTTP/1.1 413 Too much\r\nContent-Length: 4\r\n\r\nmuch")

    async with proxied(serve) as p:
        side = await p.connect()
        async with trio.open_nursery() as nursery:

            async def upload() -> None:
                with contextlib.suppress(trio.BrokenResourceError):
                    await side.send(bytes(20_000_000))

            await side.send(p.head(b"POST /t/api/x HTTP/1.1", b"Content-Length: 20000000"))
            nursery.start_soon(upload)
            assert (await side.until(b"much")).startswith(b"HTTP/1.1 413 ")
            nursery.cancel_scope.cancel()
        assert p.proxy.issued.usage.counts["t", 413].requests == 1


@pytest.mark.parametrize(("method", "status"), [(b"GET", b"200"), (b"POST", b"502")])
async def test_a_kept_connection_that_the_service_closes(method: bytes, status: bytes) -> None:
    """When it was sent a request on it: only what may be asked twice is asked again."""

    async def serve(side: Side) -> None:
        await side.until(END)
        await side.send(_OK + b"xx")
        await side.until(END)

    async with proxied(serve) as p:
        side = await p.connect()
        await side.send(p.head(_GET))
        await side.until(b"xx")
        await side.send(p.head(method + b" /t/api/x HTTP/1.1"))
        assert (await side.until(END)).split(b" ")[1] == status
        assert p.count == (2 if status == b"200" else 1)


async def test_a_client_that_leaves_ends_the_answer() -> None:
    ended = trio.Event()

    async def serve(side: Side) -> None:
        await side.until(END)
        await side.send(_CHUNKS + b"5\r\nfirst\r\n")
        assert await side.to_the_end() == b""
        ended.set()

    async with proxied(serve) as p:
        side = await p.connect()
        await side.send(p.head(_GET))
        await side.until(b"first")
        await side.stream.aclose()
        with trio.fail_after(10):
            await ended.wait()


async def test_a_half_closed_connection_is_a_closed_one() -> None:
    async def serve(side: Side) -> None:
        await side.until(END)
        await side.to_the_end()

    async with proxied(serve) as p:
        side = await p.connect()
        await side.send(p.head(_GET))
        await side.stream.send_eof()
        assert await side.to_the_end() == b""
        side = await p.connect()
        await side.send(b"GET /t/ap")
        await side.stream.send_eof()
        assert b" 400 " in await side.to_the_end()


@pytest.mark.long
async def test_large_bodies_are_carried_whole() -> None:
    body = random.Random(0).randbytes(10_000_000)

    async def serve(side: Side) -> None:
        head = await side.until(END)
        got = side.rest
        while len(got) < len(body):
            got += await side.stream.receive_some(1 << 16)
        assert b"Content-Length: %d" % len(body) in head and got == body
        await side.send(b"HTTP/1.0 200 OK\r\n\r\n" + body)

    async with proxied(serve) as p:
        head = p.head(b"PUT /t/api/x HTTP/1.0", b"Content-Length: %d" % len(body))
        answer = await p.ask(head + body)
        assert answer.partition(END)[2] == body
        assert b"Connection: close" in answer.partition(END)[0]


async def test_nothing_of_a_request_but_what_was_judged_reaches_the_service() -> None:
    seen: list[bytes] = []

    async def serve(side: Side) -> None:
        seen.append(await side.until(b"0\r\n\r\n"))
        await side.send(_OK + b"xx")

    async with proxied(serve) as p:
        head = p.head(
            b"POST /t/api/x HTTP/1.1",
            *(b"X-Secret: 1", b"Connection: close, x-secret", b"Proxy-X: 1", b"TE: trailers"),
            *(b"Trailer: X-Later", b"Transfer-Encoding: Chunked"),
        )
        body = b"5;evil=1\r\nhello\r\n0\r\nX-Later: 1\r\nContent-Length: 5\r\n\r\n"
        answer = await p.ask(head + body + b"GET /smuggled HTTP/1.1\r\n\r\n")
    assert answer.endswith(b"xx") and answer.count(b"HTTP/1.1") == 1
    head, _, body = seen[0].partition(END)
    assert body == b"5\r\nhello\r\n0\r\n\r\n"
    assert sorted(line.partition(b":")[0] for line in head.split(b"\r\n")[1:]) == [
        *(b"Accept-Encoding", b"Authorization", b"Connection", b"Host", b"Transfer-Encoding")
    ]
    assert b"Connection: close" in head
    assert REAL_KEY.encode() in head


async def test_it_asks_for_a_body_that_waits() -> None:
    async def serve(side: Side) -> None:
        assert b"xpect" not in await side.until(END)
        await side.send(_OK + await side.until(b"xx"))

    async with proxied(serve) as p:
        side = await p.connect()
        fields = b"Content-Length: 2", b"Expect: 100-continue"
        await side.send(p.head(b"POST /t/api/x HTTP/1.1", *fields))
        assert await side.until(END) == b"HTTP/1.1 100 Continue\r\n\r\n"
        await side.send(b"xx")
        assert (await side.until(b"xx")).startswith(b"HTTP/1.1 200 OK")


async def test_an_old_client_gets_no_chunks() -> None:
    async def serve(side: Side) -> None:
        await side.until(END)
        await side.send(_CHUNKS + b"5\r\nfirst\r\n4\r\nlast\r\n0\r\n\r\n")

    async with proxied(serve) as p:
        answer = await p.ask(p.head(b"GET /t/api/x HTTP/1.0"))
        assert answer.endswith(END + b"firstlast") and b"chunked" not in answer


async def test_an_answer_that_breaks_off_is_not_ended() -> None:
    async def serve(side: Side) -> None:
        await side.until(END)
        await side.send(_CHUNKS + b"5\r\nfirst\r\n5\r\nla")

    async with proxied(serve) as p:
        answer = await p.ask(p.head(_GET))
        assert b"first" in answer and b"0\r\n" not in answer.partition(END)[2]


async def test_who_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "_HEAD_SECONDS", 0.1)
    async with proxied(_polite) as p:
        assert await p.ask(b"") == b""
        assert (await p.ask(p.head(_GET)[:-1])).startswith(b"HTTP/1.1 408 ")


async def test_many_clients_at_once() -> None:
    async with proxied(_polite) as p, trio.open_nursery() as nursery:

        async def one(number: int) -> None:
            for _ in range(5):
                answer = await p.ask(p.head(b"GET /t/api/%02d HTTP/1.1" % number, _CLOSE))
                assert answer.endswith(END + b"%02d" % number)

        for number in range(60):
            nursery.start_soon(one, number)


async def test_a_head_is_known_again_by_all_of_its_bytes() -> None:
    async with proxied(_polite) as p:
        judge = Judge(p.proxy.issued, p.proxy.port)
        head = p.head(_GET)
        first = judge.judge(head)
        assert isinstance(first, Judged) and judge.judge(head) is first
        assert REAL_KEY not in repr(first)
        for at in range(len(head)):
            other = head[:at] + bytes((head[at] ^ 1,)) + head[at + 1 :]
            with contextlib.suppress(NotHTTP):
                assert judge.judge(other) is not first
        wrong = judge.judge(head.replace(p.proxy.issued.tokens["t"], b"x" * 40))
        assert not isinstance(wrong, Judged) and wrong[1].status == 401


async def test_of_many_heads_few_are_known_again() -> None:
    async with proxied(_polite) as p:
        judge = Judge(p.proxy.issued, p.proxy.port)
        for number in range(2 * judging._MAX_KNOWN):
            judge.judge(p.head(_GET, b"X: %d" % number))
        judge.judge(p.head(_GET, b"X: " + b"y" * judging._MAX_LENGTH))
        assert len(judge._known) == judging._MAX_KNOWN
        assert max(map(len, judge._known)) < judging._MAX_LENGTH


async def test_who_sends_all_before_it_reads_has_the_refusal() -> None:
    """As Python's urllib does with the body of a POST."""
    size, piece = 64 << 20, bytes(1 << 16)
    async with proxied(_polite, [("GET", "/x")]) as p:
        side = await p.connect()
        await side.send(p.head(b"POST /t/api/x HTTP/1.1", b"Content-Length: %d" % size))
        for _ in range(size // len(piece)):
            await side.send(piece)
        assert (await side.to_the_end()).startswith(b"HTTP/1.1 403 ")
