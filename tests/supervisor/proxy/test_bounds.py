"""What others of this machine, and clients that say nothing, can hold up: little, for a while."""

from __future__ import annotations

import contextlib
import random
import socket
import struct

import pytest
import trio
from trio.testing import open_stream_to_socket_listener

from nono.supervisor.proxy import by_http, by_socks, carry, client, server
from tests.supervisor.network.world import World
from tests.supervisor.proxy.conftest import Served, network, read_to_end, receive, serving


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (by_http, by_socks, client):
        monkeypatch.setattr(module, "HEAD_SECONDS", 0.15)


@pytest.mark.parametrize("first", [b"", b"C", b"CONNECT a.example:443 HTTP/1.1\r\n", b"\x05\x01"])
async def test_who_says_too_little_is_closed(world: World, hurried: None, first: bytes) -> None:
    """However many bytes keep coming: all of the head counts."""
    async with serving(world, network()) as served:
        stream = await served.client()
        await stream.send_all(first or b"\x05")
        with trio.fail_after(30), pytest.raises(trio.BrokenResourceError):
            while True:
                await trio.sleep(0.02)
                await stream.send_all(b"\x05" if first[:1] in (b"", b"\x05") else b"x")


async def test_a_head_has_a_bound(world: World) -> None:
    async with serving(world, network()) as served:
        answer = await served.say(b"CONNECT a.example:443 HTTP/1.1\r\n" + b"A: b\r\n" * 50_000)
        assert answer.startswith(b"HTTP/1.1 431 ")


async def test_the_oldest_without_the_token_goes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "MAX_UNKNOWN", 2)
    host = world.http("a.example", 0)
    where = f"a.example:{host.port}"
    async with serving(world, network(where, f"{host.address}:{host.port}")) as served:
        silent = []
        for _ in range(3):
            silent.append(await served.client())
            await silent[-1].send_all(b"GET ")
            await trio.testing.wait_all_tasks_blocked(0.01)
        assert await read_to_end(silent[0]) == b""
        status, _ = await served.connect(where.encode())
        assert status.split()[1] == b"200"


async def test_so_many_at_a_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MAX_CLIENTS", 1)
    host = world.http("a.example", 0)
    where = f"a.example:{host.port}"
    async with serving(world, network(where, f"{host.address}:{host.port}")) as served:
        _, first = await served.connect(where.encode())
        assert (await served.connect(where.encode()))[0].split()[1] == b"503"
        assert (await socks(served, b"\x03\x09a.example"))[1] == 1
        await first.aclose()
        with trio.fail_after(30):
            while (await served.connect(where.encode()))[0].split()[1] != b"200":
                await trio.sleep(0.01)


async def socks(served: Served, address: bytes, port: int = 80, token: bytes = b"") -> bytes:
    """The reply to a SOCKS request; what came before when there is none."""
    stream = await served.client()
    shown = token or served.proxy.terms.token.encode()
    login = b"\x05\x01\x02\x01\x04nono" + bytes((len(shown),)) + shown
    await stream.send_all(login + b"\x05\x01\x00" + address + struct.pack("!H", port))
    said = b""
    with contextlib.suppress(trio.BrokenResourceError):
        while len(said) < 14 and (more := await receive(stream)):
            said += more
    return said[4:]


async def test_by_socks(world: World) -> None:
    host = world.http("a.example", 0)
    allowed = (f"a.example:{host.port}", f"{host.address}:{host.port}", "gone.example", "10.1.1.1")
    async with serving(world, network(*allowed)) as served:
        packed = socket.inet_aton(host.address)
        for address, port, reply in (
            (b"\x03\x09a.example", host.port, 0),
            (b"\x03\x09A.EXAMPLE", host.port, 0),
            (b"\x01" + packed, host.port, 0),
            (b"\x03\x0c" + b"gone.example", 80, 4),
            (b"\x03\x09b.example", 80, 2),
            (b"\x01\x7f\x00\x00\x01", host.port, 2),
            (b"\x01\xa9\xfe\xa9\xfe", 80, 2),
            (b"\x04" + bytes(10) + b"\xff\xff\xa9\xfe\xa9\xfe", 80, 2),
        ):
            said = await socks(served, address, port)
            assert said[:2] == bytes((5, reply)), (address, said)
        noted = len(served.refused)
        assert await socks(served, b"\x03\x09b.example", 80, b"x" * 43) == b""
        assert len(served.refused) == noted


async def pair() -> tuple[trio.SocketStream, trio.socket.SocketType]:
    """A client's end of a connection, and ours."""
    listener = (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0]
    theirs = await open_stream_to_socket_listener(listener)
    ours = await listener.accept()
    await listener.aclose()
    return theirs, ours.socket


async def test_carrying() -> None:
    """A half-close is passed on both ways; a reset is one on the other side, too."""
    (inside, ours), (outside, far) = await pair(), await pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(carry.carry, ours, far, b"first ")
        await inside.send_all(b"up")
        await inside.send_eof()
        assert await read_to_end(outside) == b"first up"
        nursery.start_soon(outside.send_all, b"down" * 1_000_000)
        read = 0
        while read < 4_000_000:
            read += len(await receive(inside))
        await outside.send_eof()
        assert await read_to_end(inside) == b""
    (inside, ours), (outside, far) = await pair(), await pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(carry.carry, ours, far)
        await inside.send_all(b"part")
        assert await receive(outside) == b"part"
        carry.reset(inside.socket)
        inside.socket.close()
        with pytest.raises(trio.BrokenResourceError):
            await receive(outside)


async def test_nothing_for_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carry, "IDLE_SECONDS", 0.05)
    (inside, ours), (outside, far) = await pair(), await pair()
    await carry.carry(ours, far)
    for stream in (inside, outside):
        with pytest.raises(trio.BrokenResourceError):
            await receive(stream)


WORDS = (
    *(
        b"CONNECT ",
        b"GET ",
        b"http://a.example/",
        b"a.example:80",
        b" HTTP/1.1\r\n",
        b"Host: x\r\n",
    ),
    *(b"Content-Length: 4\r\n", b"Transfer-Encoding: chunked\r\n", b"\r\n", b"0\r\n\r\n", b"\x05"),
    *(b"\x01\x02", b"\x01\x04nono", b"\x00", b"\xff", b" ", b"Connection: close\r\n", b"TOKEN"),
)


async def test_any_words(world: World, hurried: None) -> None:
    """Whatever is said, known or not: an answer of ours or none, and no fault of ours."""
    chance = random.Random(17)
    world.name("a.example", "127.0.0.1")
    async with serving(world, network("a.example")) as served:

        async def say() -> None:
            words = chance.choices(WORDS, k=chance.randint(1, 14))
            said = b"".join(words).replace(b"TOKEN", served.authorization)
            answer = await served.say(said + chance.choice((b"", b"\r\n\r\n")))
            assert answer[:1] in (b"", b"\x05") or answer.split()[1][:1] in (b"4", b"5"), said

        for _ in range(4):
            async with trio.open_nursery() as nursery:
                for _ in range(25):
                    nursery.start_soon(say)
