"""Services that make it hard to keep what is theirs apart from what is another one's."""

from __future__ import annotations

import pytest
import trio

from nono.broker.credentials.masking import Mask
from nono.supervisor.credentials import server as serving
from nono.supervisor.credentials import websocket
from nono.supervisor.credentials.client import Client
from nono.supervisor.credentials.poll import Line, Poll
from nono.supervisor.credentials.wire import READ, WRITE, Wire
from tests.supervisor.credentials.fake import REAL_KEY
from tests.supervisor.credentials.plain import END, Side, proxied

_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
_CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
_GET = b"GET /t/api/x HTTP/1.1"
_CLOSE = b"Connection: close"
_IN_CHUNKS = b"Transfer-Encoding: chunked"


async def _polite(side: Side) -> None:
    while head := await side.until(END):
        await side.send(_OK + head.split(b" ")[1][-2:])


@pytest.mark.long
async def test_text_that_is_slow_to_look_through_lets_others_go_first() -> None:
    """The second one is asked while the first one's answer is masked, and answered before."""
    slow = b"\\\\%25" * 6000
    first = trio.Event()

    async def serve(side: Side) -> None:
        while head := await side.until(END):
            if b"slow" in head:
                await side.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(slow) + slow)
                first.set()
            else:
                await side.send(_OK + b"xx")

    async with proxied(serve) as p, trio.open_nursery() as nursery:
        ended: list[str] = []

        async def long_one() -> None:
            answer = await p.ask(p.head(b"GET /t/api/slow HTTP/1.1", _CLOSE))
            assert answer.endswith(END + slow)
            ended.append("slow")

        nursery.start_soon(long_one)
        await first.wait()
        assert (await p.ask(p.head(_GET, _CLOSE))).endswith(b"xx")
        assert not ended


async def test_a_head_full_of_spellings_is_refused() -> None:
    async def serve(side: Side) -> None:
        await side.until(END)
        await side.send(b"HTTP/1.1 200 OK\r\nX: " + b"\\%" * 20_000 + END)

    async with proxied(serve) as p:
        assert b" 502 " in await p.ask(p.head(_GET))


@pytest.mark.parametrize("method", [b"GET", b"DELETE", b"POST"])
async def test_a_body_that_the_service_leaves_unread_is_no_request(method: bytes) -> None:
    """It would stand before the next one, which has the key."""
    heads: list[bytes] = []

    async def serve(side: Side) -> None:
        while head := await side.until(END):
            heads.append(head)
            await side.send(_OK + b"xx")

    hidden = b"DELETE /api/admin HTTP/1.1\r\nX: "
    endpoints = ((method.decode(), "/x"), ("GET", "/y"))
    async with proxied(serve, endpoints) as p:
        side = await p.connect()
        length = b"Content-Length: %d" % len(hidden)
        await side.send(p.head(method + b" /t/api/x HTTP/1.1", length) + hidden)
        await side.until(b"xx")
        await side.send(p.head(b"GET /t/api/y HTTP/1.1"))
        await side.until(b"xx")
    asked = [head for head in heads if b"GET /api/y" in head]
    assert len(asked) == 1 and asked[0].startswith(b"GET /api/y")


@pytest.mark.parametrize("path", ["/api", ""])
@pytest.mark.parametrize(
    ("field", "body", "count"),
    [
        (b"Content-Length: 4", b"body", 2),
        (_IN_CHUNKS, b"4\r\nbody\r\n0\r\n\r\n", 2),
        (_IN_CHUNKS, b"0\r\n\r\n", 2),
        (b"Content-Length: 0", b"", 1),
    ],
)
async def test_a_body_is_the_last_thing_on_a_connection(
    path: str, field: bytes, body: bytes, count: int
) -> None:
    """Whatever was answered: a request in it would be in no record."""
    heads: list[bytes] = []
    asked: set[trio.SocketStream] = set()

    async def serve(side: Side) -> None:
        while head := await side.until(END):
            heads.append(head)
            asked.add(side.stream)
            await side.send(_OK + b"xx")

    async with proxied(serve, path=path) as p:
        side = await p.connect()
        await side.send(p.head(b"POST /t/api/x HTTP/1.1", field) + body)
        await side.until(b"xx")
        await side.send(p.head(_GET))
        await side.until(b"xx")
        assert len(asked) == count
        assert (b"Connection: close" in heads[0]) == (count > 1)


async def test_an_early_answer_ends_the_connection_to_the_service() -> None:
    async def serve(side: Side) -> None:
        head = await side.until(END)
        await side.send(_OK + b"xx")
        if b"POST" in head:
            await side.to_the_end()

    async with proxied(serve) as p:
        side = await p.connect()
        await side.send(p.head(b"POST /t/api/x HTTP/1.1", b"Content-Length: 4") + b"ab")
        assert await side.until(b"xx")
        assert (await p.ask(p.head(_GET, _CLOSE))).endswith(b"xx")
        assert p.count == 2


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\nX: y\n\nxx", b"HTTP/1.1 2\0", b"\r\r"])
async def test_what_never_becomes_the_head_of_an_answer_is_not_waited_for(head: bytes) -> None:
    async def serve(side: Side) -> None:
        await side.until(END)
        await side.send(head)
        await side.to_the_end()

    async with proxied(serve) as p:
        answer = await p.ask(p.head(_GET, _CLOSE))
        assert answer.startswith(b"HTTP/1.1 502 ") and b"is not HTTP" in answer


async def test_nothing_of_a_lost_connection_is_in_the_answer() -> None:
    async def serve(side: Side) -> None:
        await side.until(END)
        await side.send(_OK + b"xx")
        await side.until(END)
        await side.send(b"HTTP/1.1 203 Dead\r\nX-Dead: ")

    async with proxied(serve) as p:
        side = await p.connect()
        await side.send(p.head(_GET))
        await side.until(b"xx")
        await side.send(p.head(_GET))
        assert (await side.until(END)).startswith(b"HTTP/1.1 502 ")


async def test_an_old_client_sees_that_an_answer_broke_off() -> None:
    async def serve(side: Side) -> None:
        await side.until(END)
        await side.send(_CHUNKS + b"9\r\nhalf")

    async with proxied(serve) as p:
        side = await p.connect()
        await side.send(p.head(b"GET /t/api/x HTTP/1.0"))
        with pytest.raises(trio.BrokenResourceError):
            while await side.stream.receive_some(1 << 16):
                pass
            raise AssertionError("a clean end")


async def test_strangers_do_not_crowd_out_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "_MAX_CONNECTIONS", 4)
    async with proxied(_polite) as p:
        known = await p.connect()
        await known.send(p.head(_GET))
        await known.until(b"/x")
        strangers = [await p.connect() for _ in range(20)]
        assert (await p.ask(p.head(_GET, _CLOSE))).endswith(b"/x")
        await known.send(p.head(_GET))
        await known.until(b"/x")
        for side in strangers:
            await side.stream.aclose()


async def test_services_share_no_connection() -> None:
    """An answer to one is not looked through for the key of another one on the same host."""

    async def serve(side: Side) -> None:
        while await side.until(END):
            await side.send(_OK + b"xx")

    async with proxied(serve, second="other") as p:
        for name in (b"t", b"other", b"t", b"other"):
            token = p.proxy.issued.tokens[name.decode()]
            head = p.head(b"GET /" + name + b"/api/x HTTP/1.1", _CLOSE)
            own = head.replace(p.proxy.issued.tokens["t"], token)
            assert (await p.ask(own)).endswith(b"xx")
        assert p.count == 2


class _Scripted(Wire):
    """Says what it is told to say, takes nothing, and notes what it is watched for."""

    def __init__(self, *said: bytes) -> None:
        self._said = list(said)
        self.watched: list[int] = []

    def receive(self) -> bytes | None:
        return self._said.pop(0) if self._said else None

    def send(self, data: bytes) -> bytes:
        return data if self._said else b""

    def watch(self, events: int) -> None:
        self.watched.append(events)


class _Full(_Scripted):
    def send(self, data: bytes) -> bytes:
        return data[1:]


async def test_a_websocket_whose_service_has_ended_waits_for_the_client() -> None:
    """What the client says meanwhile, without reading, is no reason to look again and again."""
    async with trio.open_nursery() as nursery:
        poll = Poll(nursery)
        wire, service = _Full(), _Scripted(REAL_KEY[:9].encode(), b"")
        tunnel = websocket.Tunnel(Client(wire, Line(poll)), service, b"", Mask(REAL_KEY.encode()))
        carrying = tunnel.carry()
        for _ in range(3):
            carrying.send(None)
        assert wire.watched[-1] == WRITE
        assert not service.watched[-1] & READ
        carrying.close()
        poll.close()


async def test_the_key_of_another_service_is_masked_as_well() -> None:
    other = "sk-other/8+f3=Zq7XwT1mK9vB2"

    async def serve(side: Side) -> None:
        await side.until(END)
        text = f"{other} {REAL_KEY} {other.encode().hex()}".encode()
        head = b"HTTP/1.1 200 OK\r\nX: " + text + b"\r\nContent-Length: %d" % len(text)
        await side.send(head + END + text)

    async with proxied(serve, second="other", other=other) as p:
        answer = await p.ask(p.head(_GET, _CLOSE))
        assert answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"*")
        for key in (other, REAL_KEY, other.encode().hex()):
            assert key.encode() not in answer
