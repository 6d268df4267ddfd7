"""HTTP by the proxy: CONNECT and plain requests, judged and made anew."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Callable

import pytest
import trio

from nono.broker import Connect, ConnectHost
from nono.broker.requests import NOBODY
from nono.supervisor.network.upstream_proxy import UpstreamProxy
from tests.supervisor.network.world import World
from tests.supervisor.proxy.conftest import Served, network, read_to_end, receive, serving


async def test_a_tunnel_and_a_plain_request(world: World) -> None:
    host = world.http("a.example", 0)
    where = f"a.example:{host.port}"
    async with serving(world, network(where, f"{host.address}:{host.port}")) as served:
        status, stream = await served.connect(where.encode())
        assert status == b"HTTP/1.1 200 Connection established"
        await stream.send_all(b"GET /t HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n")
        await stream.send_eof()
        assert (await read_to_end(stream)).endswith(b"this is a.example")
        plain = await served.request(f"GET http://{where}/p?q=1".encode())
        assert plain.startswith(b"HTTP/1.1 200") and plain.endswith(b"this is a.example")
        assert host.requests == ["GET /t", "GET /p?q=1"]
        assert served.refused == []


async def test_what_is_refused_is_noted_and_told(world: World) -> None:
    host = world.http("a.example", 0)
    where = f"a.example:{host.port}"
    allowed = (where, "gone.example", "dead.example:9", "127.255.1.9:9")
    world.name("dead.example", "127.255.1.9")
    async with serving(world, network(*allowed)) as served:
        for target, status in (
            (b"other.example:443", b"403"),
            (f"a.example:{host.port + 1}".encode(), b"403"),
            (where.encode(), b"403"),  # its address is this machine's, and no rule names it
            (b"gone.example:80", b"502"),
            (b"dead.example:9", b"502"),
        ):
            assert (await served.connect(target))[0].split()[1] == status, target
        assert served.refused == [
            ConnectHost(NOBODY, "other.example", 443),
            ConnectHost(NOBODY, "a.example", host.port + 1),
            Connect(NOBODY, host.address, host.port, "a.example"),
        ]
        assert list(served.decisions.unresolved) == ["gone.example"]
        said = await served.request(b"GET http://other.example/")
        assert said.startswith(b"HTTP/1.1 403 ") and b"nono: other.example:80 is refused" in said
        assert (await served.request(b"HEAD http://other.example/")).endswith(b"\r\n\r\n")
        assert host.connections == []


async def test_the_token(world: World) -> None:
    """Without it nothing is looked up and nothing noted, whatever is asked for."""
    async with serving(world, network("a.example")) as served:
        token = served.proxy.terms.token

        def shown(pair: str, scheme: str = "Basic") -> bytes:
            return f"Proxy-Authorization: {scheme} ".encode() + base64.b64encode(pair.encode())

        right = shown(f"nono:{token}")
        wrong = [
            *((), (shown("nono:"),), (shown(f"nono:{token}x"),), (shown(f"nono:{token[:-1]}"),)),
            *((shown(f"other:{token}"),), (shown(token),), (shown(f"nono:{token}", "Bearer"),)),
            *((right, right), (right[:-2],), (f"Authorization: {right.decode()[21:]}".encode(),)),
            (b"Proxy-Authorization: Basic \xff\xff",),
        ]
        for headers in wrong:
            for line in (b"CONNECT a.example:443", b"GET http://a.example/", b"GET /"):
                lines = b"".join(each + b"\r\n" for each in headers)
                head = line + b" HTTP/1.1\r\nHost: x\r\n" + lines + b"Connection: close\r\n\r\n"
                answer = await served.say(head)
                assert answer.startswith(b"HTTP/1.1 407 "), (headers, line, answer)
                assert b'proxy-authenticate: basic realm="nono"' in answer.lower()
        assert world.dns.queries == [] and served.refused == []


async def test_who_asks_without_it_and_sends_no_body_that_can_be_read(world: World) -> None:
    async with serving(world, network()) as served:
        head = b"POST http://a.example/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        for body in (b"", b"no chunk\r\n", b"ffffffffffffffffffffffff\r\n"):
            assert (await served.say(head + body)).startswith(b"HTTP/1.1 407 ")


async def test_who_asks_first_without_it_may_do_so_on_one_connection(world: World) -> None:
    async with serving(world, network("a.example")) as served:
        stream = await served.client()
        line = b"CONNECT b.example:443 HTTP/1.1\r\nHost: x\r\n"
        for said, status in ((b"", b"407"), (b"", b"407"), (served.authorization, b"403")):
            await stream.send_all(line + said + b"\r\n")
            assert (await receive(stream)).split()[1] == status
        stream = await served.client()
        answers = b""
        for _ in range(3):
            await stream.send_all(line + b"\r\n")
            answers += await receive(stream)
        assert await read_to_end(stream) == b"" and answers.count(b" 407 ") == 3


@pytest.mark.parametrize(
    ("line", "headers"),
    [
        (b"GET https://a.example/", ()),
        (b"GET /x", ()),
        (b"GET *", ()),
        (b"GET a.example:80", ()),
        (b"CONNECT http://a.example/", ()),
        (b"CONNECT me@a.example:443", ()),
        (b"CONNECT a.example", ()),
        (b"CONNECT a.example:443", (b"Content-Length: 5",)),
        (b"CONNECT a.example:443", (b"Transfer-Encoding: chunked",)),
        (b"GET http://me:pw@a.example/", ()),
        (b"POST http://a.example/", (b"Content-Length: 5", b"Content-Length: 6")),
        (b"POST http://a.example/", (b"Content-Length: +5",)),
        (b"POST http://a.example/", (b"Transfer-Encoding : chunked",)),
        (b"POST http://a.example/", (b"A: b\r\n\tTransfer-Encoding: chunked\x00",)),
        (b"GET http://a.example/\x00", ()),
        (b"GET http://a.example/ HTTP/1.1 x", ()),
    ],
)
async def test_what_is_no_request(world: World, line: bytes, headers: tuple[bytes, ...]) -> None:
    async with serving(world, network("a.example")) as served:
        answer = await served.request(line, *headers)
        assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 407 ")), answer
        assert world.dns.queries == []


async def test_an_encoding_that_is_not_known_is_refused(world: World) -> None:
    async with serving(world, network("a.example")) as served:
        line = b"POST http://a.example/"
        for value in (b"gzip, chunked", b"xchunked"):
            answer = await served.request(line, b"Transfer-Encoding: " + value)
            assert answer.startswith(b"HTTP/1.1 501 "), answer


class Raw:
    """A host that takes one connection, reads up to `until`, and answers with these bytes."""

    def __init__(self, answer: bytes, until: bytes = b"\r\n\r\n") -> None:
        self._answer, self._until = answer, until
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.heard = b""
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        accepted, _ = self._listener.accept()
        with self._listener, accepted:
            while self._until not in self.heard and (more := accepted.recv(1 << 16)):
                self.heard += more
            accepted.sendall(self._answer)

    @property
    def allowed(self) -> tuple[str, ...]:
        return f"raw.example:{self.port}", f"127.0.0.1:{self.port}"

    @property
    def url(self) -> bytes:
        return f"http://raw.example:{self.port}".encode()


async def asked(
    world: World, raw: Raw, say: Callable[[Served], object], *more: str
) -> tuple[bytes, bytes]:
    """What the client got, and what the host heard."""
    world.name("raw.example", "127.0.0.1")
    async with serving(world, network(*raw.allowed, *more)) as served:
        data = say(served)
        assert isinstance(data, bytes)
        stream = await served.client()
        await stream.send_all(data)
        answer = await read_to_end(stream)
    await trio.to_thread.run_sync(raw._thread.join, 5)
    return answer, raw.heard


async def test_a_plain_request_is_made_anew(world: World) -> None:
    raw = Raw(
        b"HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\nConnection: X-Own\r\nX-Own: 1\r\n"
        b"Proxy-Authenticate: x\r\nX-End: 2\r\nUpgrade: h2c\r\n\r\n"
        b"3\r\nyes\r\n0\r\nTrailer: x\r\n\r\n"
    )
    answer, heard = await asked(
        world,
        raw,
        lambda served: (
            b"GET "
            + raw.url
            + b"/a?b HTTP/1.1\r\nHost: other.example\r\n"
            + served.authorization
            + b"Connection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\n"
            + b"Upgrade: websocket\r\nProxy-Connection: keep-alive\r\nX-End: to end\r\n\r\n"
        ),
    )
    host = f"Host: raw.example:{raw.port}".encode()
    assert heard == b"\r\n".join(
        (b"GET /a?b HTTP/1.1", host, b"x-end: to end", b"Connection: close", b"", b"")
    )
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.split(b"\r\n")[0] == b"HTTP/1.1 200 Fine"
    names = {line.partition(b":")[0].lower() for line in head.split(b"\r\n")[1:]}
    assert names == {b"x-end", b"transfer-encoding", b"connection"}
    assert body == b"3\r\nyes\r\n0\r\n\r\n"


async def test_an_upload_is_framed_anew(world: World) -> None:
    """A length beside chunks does not count; what follows is no part of it."""
    raw = Raw(b"HTTP/1.1 204 No Content\r\n\r\n", until=b"0\r\n\r\n")
    answer, heard = await asked(
        world,
        raw,
        lambda served: (
            b"POST "
            + raw.url
            + b"/ HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
            + served.authorization
            + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
            + b"5;x=y\r\nhello\r\n0\r\n\r\nGET http://b.example/ HTTP/1.1\r\nHost: x\r\n\r\n"
        ),
    )
    head, _, body = heard.partition(b"\r\n\r\n")
    assert b"Content-Length" not in head and b"100" not in head
    assert body == b"5\r\nhello\r\n0\r\n\r\n"
    assert [each.split()[0] for each in answer.split(b"HTTP/1.1 ")[1:]] == [b"100", b"204"]


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"SSH-2.0-x\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 Fine\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        b"HTTP/1.1 200 Fine\r\n" + b"A: " + b"b" * (1 << 17) + b"\r\n\r\n",
    ],
)
async def test_an_answer_that_is_none(world: World, said: bytes) -> None:
    raw = Raw(said)
    answer, _ = await asked(
        world,
        raw,
        lambda s: b"GET " + raw.url + b"/ HTTP/1.1\r\nHost: x\r\n" + s.authorization + b"\r\n",
    )
    assert answer.startswith(b"HTTP/1.1 502 "), answer


async def test_an_answer_that_is_cut_off_is_no_whole_one(world: World) -> None:
    raw = Raw(b"HTTP/1.1 200 Fine\r\nContent-Length: 9\r\n\r\nabc")
    answer, _ = await asked(
        world,
        raw,
        lambda s: b"GET " + raw.url + b"/ HTTP/1.1\r\nHost: x\r\n" + s.authorization + b"\r\n",
    )
    assert answer.endswith(b"abc") and b"content-length: 9" in answer.lower()


async def test_one_connection_for_several_hosts(world: World) -> None:
    one, two = world.http("one.example", 0), world.http("two.example", 0)
    places = [f"{h.name}:{h.port}" for h in (one, two)]
    made = network(*places, *(f"{h.address}:{h.port}" for h in (one, two)))
    async with serving(world, made) as served:
        stream = await served.client()
        for host, where in ((one, places[0]), (two, places[1]), (one, places[0])):
            line = f"POST http://{where}/x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n".encode()
            await stream.send_all(line + served.authorization + b"\r\nhi")
            answer = b""
            while not answer.endswith(b"this is " + host.name.encode()):
                answer += await receive(stream)
        assert (one.requests, two.requests) == (["POST /x"] * 2, ["POST /x"])


async def test_through_a_company_s_proxy(world: World) -> None:
    """Decided by name before; who refuses there is told of."""
    for answer, status in (
        (b"HTTP/1.1 200 Yes\r\n\r\nfirst", b"200"),
        (b"HTTP/1.1 403 No\r\n\r\n", b"502"),
    ):
        raw = Raw(answer)
        upstream = UpstreamProxy("127.0.0.1", raw.port, "HTTPS_PROXY", "Basic eA==")
        async with serving(world, network("a.example"), upstream) as served:
            assert (await served.connect(b"b.example:80"))[0].split()[1] == b"403"
            assert raw.heard == b""
            said, stream = await served.connect(b"a.example:80")
            assert said.split()[1] == status
            if status == b"200":
                await stream.send_eof()
                assert await read_to_end(stream) == b"first"
            assert list(served.decisions.unresolved) == ["a.example"] * (status == b"502")
        assert raw.heard.startswith(b"CONNECT a.example:80 HTTP/1.1\r\n")
        assert b"Proxy-Authorization: Basic eA==\r\n" in raw.heard
    assert world.dns.queries == []
