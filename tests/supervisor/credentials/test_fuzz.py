"""Broken requests and broken answers: the proxy neither fails nor shows the key."""

import base64
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
import trio

from nono.broker.credentials.masking import Mask
from nono.broker.credentials.services import own_service
from nono.supervisor.credentials import exchange, websocket
from nono.supervisor.credentials import server as serving
from nono.supervisor.credentials.proxy import CredentialProxy
from tests.spelling import mixed, readings, spelt
from tests.supervisor.credentials.fake import REAL_KEY

_LONG = pytest.mark.long
_KEY = REAL_KEY.encode()
_ROUNDS = 1000
_AT_A_TIME = 40
_SHORT = 0.4
_HEAD = b" /t/api/x?a=b HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer TOKEN\r\n"
_REQUESTS = (
    b"GET" + _HEAD + b"\r\n",
    b"HEAD" + _HEAD + b"\r\n",
    b"POST" + _HEAD + b"Content-Length: 5\r\n\r\nhello",
    b"POST" + _HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"POST" + _HEAD + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
    b"GET" + _HEAD + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\nabc",
)
_ANSWERS = (
    b"HTTP/1.1 200 OK\r\nContent-Length: LENGTH\r\nX: KEY\r\n\r\nKEYabcd",
    b'HTTP/1.1 400 KEY\r\nContent-Length: LENGTH\r\n\r\n"KEY".\n',
    b"HTTP/1.1 200 KEY\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5;KEY\r\nhello\r\nSIZE\r\nKEY\r\n0\r\nT: KEY\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nX: KEY\r\n\r\nabcKEY",
    b"HTTP/1.1 103 Early Hints\r\nLink: KEY\r\n\r\nHTTP/1.1 204 None\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"6\r\ndata: \r\nSIZE\r\nKEY\r\n2\r\n\n\n\r\n0\r\n\r\n",
    b"HTTP/1.0 200 OK\r\n\r\nKEY",
    b"HTTP/1.1 307 There\r\nLocation: http://localhost/KEY\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 401 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
)
_GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"
_PIECES = (
    *(b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b":", b"\xff", b"\x80", b"{}", b"?", b"#", b"\\"),
    *(b"%2f", b"%2e%2e", b"..", b"//", b";", b"@", b"http://h/", b"HTTP/1.0", b"HTTP/2", b"HEAD"),
    *(b"Host: b\r\n", b"Content-Length: 5\r\n", b"Content-Length: 0\r\n", b"Trailer: x\r\n"),
    *(b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: gzip, chunked\r\n"),
    *(b"Connection: close\r\n", b"Connection: authorization\r\n", b"Upgrade: websocket\r\n"),
    *(b"Expect: 100-continue\r\n", b"0\r\n\r\n", b"5\r\nhello\r\n", b"A" * 70_000),
    *(b"101", b"100", b"204", b"304", b"999", b"050", b"Content-Encoding: gzip\r\n"),
    *(b"Location: http://[\r\n", b"Location: //localhost:99999/\r\n", b"X-Key: TOKEN\r\n"),
    # Spellings that break off, of the key's first characters and of the last ones.
    *(
        b"\\",
        b"\\u0073",
        b"\\u00",
        b"%73%6B",
        b"%25",
        b"&#115;",
        b"&#x",
        b"&amp;",
        b"=73=",
        b"=\r\n",
    ),
    *(
        b"sk-real\\",
        b"sk-real%2F8%2",
        b"\\u0042\\u0032",
        b"&#66;&#50;",
        b"s\0k\0-\0",
        b"c2stcmVhbC84\n",
    ),
    *(b"%c0%ae", b"..%20", b"%ef%bc%8e", b"?_method=PUT", b"X_Http_Method_Override: PUT\r\n"),
)


class _Chance(random.Random):
    """What is broken, how, and where the pieces of it end."""

    def broken(self, data: bytes) -> bytes:
        if self.random() < 0.4:
            return data
        for _ in range(self.randint(1, 4)):
            at = self.randrange(len(data) + 1)
            until = at + self.choice((0, 0, 1, 8))
            data = (
                data[:at]
                + self.choice((*_PIECES, bytes([self.randrange(256)]), b""))
                + data[until:]
            )
        return data

    def key(self) -> bytes:
        """As services repeat it, of every kind."""
        kind = self.randrange(4)
        if kind == 0:
            return _KEY
        if kind == 1:
            return mixed(self, REAL_KEY).encode()
        text = REAL_KEY if kind == 2 else base64.b64encode(_KEY).decode()
        return spelt(self, text, self.randint(1, 2)).encode()

    def with_key(self, answer: bytes) -> bytes:
        key = self.key()
        for word, text in (
            (b"LENGTH", b"%d" % (len(key) + 4)),
            (b"SIZE", b"%x" % len(key)),
            (b"KEY", key),
        ):
            answer = answer.replace(word, text)
        return answer

    async def send(self, stream: trio.abc.Stream, data: bytes) -> None:
        at = self.randrange(len(data) + 1) if self.random() < 0.3 else len(data)
        await stream.send_all(data[:at])
        if at < len(data):
            await trio.sleep(0.004)
            await stream.send_all(data[at:])


class _Upstream:
    """Answers whatever it reads, with nonsense unless it is `good`."""

    def __init__(self, chance: _Chance) -> None:
        self.chance = chance
        self.good = False
        self.heads: list[bytes] = []

    async def serve(self, stream: trio.abc.Stream) -> None:
        with trio.move_on_after(3):
            try:
                while data := bytes(await stream.receive_some(1 << 16)):
                    self.heads.append(data.partition(b"\r\n\r\n")[0])
                    if self.good:
                        await stream.send_all(_GOOD)
                        continue
                    answer = self.chance.broken(self.chance.choice(_ANSWERS))
                    await self.chance.send(stream, self.chance.with_key(answer))
                    if self.chance.random() < 0.3:
                        return
            except trio.BrokenResourceError:
                pass


@asynccontextmanager
async def _proxy(upstream: _Upstream) -> AsyncIterator[CredentialProxy]:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    service = own_service("t", f"http://localhost:{port}/api", "env://KEY", "KEY")
    proxy = CredentialProxy([service], {"KEY": REAL_KEY})
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, upstream.serve, listeners)
        nursery.start_soon(proxy.serve)
        yield proxy
        nursery.cancel_scope.cancel()
    proxy.close()


async def _exchange(proxy: CredentialProxy, chance: _Chance, request: bytes) -> bytes:
    answer = b""
    stream = await trio.open_tcp_stream("127.0.0.1", proxy.port)
    async with stream:
        with trio.move_on_after(3):
            try:
                await chance.send(stream, request.replace(b"TOKEN", proxy.issued.tokens["t"]))
                if chance.random() < 0.2:
                    await stream.send_eof()
                while chance.random() > 0.05 and (data := await stream.receive_some(1 << 16)):
                    answer += data
            except trio.BrokenResourceError:
                pass
    return answer


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for module, name in (
        *((serving, name) for name in ("_HEAD_SECONDS", "_IDLE_SECONDS", "BODY_SECONDS")),
        *((exchange, name) for name in ("BODY_SECONDS", "_ANSWER_SECONDS")),
        *((websocket, name) for name in ("_STUCK_SECONDS", "_TUNNEL_SECONDS")),
    ):
        monkeypatch.setattr(module, name, _SHORT)
    yield


@pytest.mark.lots(kind="seed")
@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=_LONG) for seed in (1, 2))])
async def test_broken_requests_and_answers(seed: int) -> None:
    chance = _Chance(seed)
    upstream = _Upstream(chance)
    answers: list[bytes] = []
    room = trio.Semaphore(_AT_A_TIME)
    async with _proxy(upstream) as proxy:

        async def one() -> None:
            async with room:
                asked = [
                    chance.broken(chance.choice(_REQUESTS)) for _ in range(chance.randint(1, 3))
                ]
                answers.append(await _exchange(proxy, chance, b"".join(asked)))

        async with trio.open_nursery() as nursery:
            for _ in range(_ROUNDS):
                nursery.start_soon(one)
        assert not proxy.issued.faults.texts, proxy.issued.faults.texts[0]
        upstream.good = True
        proxy.upstreams.close()
        last = b"GET /t/api/x HTTP/1.0\r\nHost: a\r\nAuthorization: Bearer TOKEN\r\n\r\n"
        assert (await _exchange(proxy, _Chance(0), last)).endswith(b"good")
        token = proxy.issued.tokens["t"]
    statuses = {answer[9:12] for answer in answers}
    assert statuses >= {b"200", b"204", b"307", b"400", b"401", b"502"}
    mask = Mask(_KEY)
    for answer in answers:
        assert mask.covered(answer) == answer
        assert not any(_KEY in read for read in readings(answer))
    for head in upstream.heads:
        assert head.count(_KEY) <= 1 and not (_KEY in head and token in head)
