"""The sandbox's name server over real sockets: what one client does harms no other."""

from __future__ import annotations

import os
import resource
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import dns.asyncquery
import dns.message
import pytest
import trio
from trio.testing import MockClock

from nono.supervisor.faults import Faults
from nono.supervisor.linux.network.dns_stub import IDLE_SECONDS, MAX_CLIENTS, MAX_QUERY, serve
from nono.supervisor.linux.network.synthetic_names import SyntheticNames
from nono.supervisor.nursery import open_nursery
from tests.supervisor.linux.network.queries import everybody


@pytest.fixture
def still_clock() -> MockClock:
    """Stands still: nothing is idle for too long because the machine is slow.

    It only moves when nothing happened for so long that the test would hang.
    """
    return MockClock(autojump_threshold=5)


@pytest.fixture
def quick_clock() -> MockClock:
    """Moves on when every task waits, and no packet is on its way."""
    return MockClock(autojump_threshold=0.05)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listening:
        yield listening


@asynccontextmanager
async def serving(listener: socket.socket) -> AsyncIterator[SyntheticNames]:
    names, faults = SyntheticNames(), Faults()
    # By the test's clock: a test that would wait for ever fails.
    with trio.fail_after(3600):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve, listener, names, everybody, faults)
            yield names
            nursery.cancel_scope.cancel()
    assert faults.texts == []


async def connect(listener: socket.socket) -> trio.SocketStream:
    return await trio.open_tcp_stream(*listener.getsockname())


def framed(message: bytes) -> bytes:
    return struct.pack("!H", len(message)) + message


def query(name: str, identity: int = 1) -> bytes:
    return framed(dns.message.make_query(name, "A", id=identity).to_wire())


async def exactly(stream: trio.SocketStream, size: int) -> bytes:
    received = b""
    while len(received) < size:
        more = await stream.receive_some(size - len(received))
        assert more, "the connection was closed"
        received += more
    return received


async def reply(stream: trio.SocketStream) -> dns.message.Message:
    (length,) = struct.unpack("!H", await exactly(stream, 2))
    return dns.message.from_wire(await exactly(stream, length))


async def resolve(stream: trio.SocketStream, name: str = "example.org") -> str:
    await stream.send_all(query(name))
    address: str = (await reply(stream)).answer[0][0].to_text()
    return address


async def closed(stream: trio.SocketStream) -> bool:
    """Wait for the end of a connection on which nothing more is to come."""
    try:
        return await stream.receive_some(1) == b""
    except trio.BrokenResourceError:
        return True


async def test_a_real_client(listener: socket.socket, still_clock: MockClock) -> None:
    address, port = listener.getsockname()
    async with serving(listener) as names:
        asked = dns.message.make_query("Example.Org", "A")
        got = await dns.asyncquery.tcp(asked, address, port=port)
        assert got.answer[0][0].to_text() == names.address_of("example.org")


async def test_many_queries_at_once_are_answered_in_order(
    listener: socket.socket, still_clock: MockClock
) -> None:
    async with serving(listener), await connect(listener) as client:
        await client.send_all(b"".join(query(f"host{n}.example", n) for n in range(200)))
        for number in range(200):
            got = await reply(client)
            assert got.id == number
            assert got.question[0].name.to_text() == f"host{number}.example."


async def test_byte_by_byte(listener: socket.socket, still_clock: MockClock) -> None:
    async with serving(listener), await connect(listener) as client:
        for byte in query("example.org") + query("example.com", 2):
            await client.send_all(bytes((byte,)))
            await trio.testing.wait_all_tasks_blocked()
        assert [(await reply(client)).id for _ in range(2)] == [1, 2]


async def test_a_half_closed_client_gets_its_answers(
    listener: socket.socket, still_clock: MockClock
) -> None:
    async with serving(listener), await connect(listener) as client:
        await client.send_all(b"".join(query("example.org", n) for n in range(20)) + b"\0")
        await client.send_eof()
        assert [(await reply(client)).id for _ in range(20)] == list(range(20))
        assert await closed(client)


async def test_more_silent_clients_than_there_is_room_for(
    listener: socket.socket, still_clock: MockClock
) -> None:
    async with serving(listener), trio.open_nursery() as nursery:
        silent = [await connect(listener) for _ in range(300)]
        async with await connect(listener) as client:
            assert await resolve(client) == "198.18.0.1"
            # The first ones made room, and only as many as had to.
            gone = len(silent) + 1 - MAX_CLIENTS
            for stream in silent[:gone]:
                assert await closed(stream)
            for stream in silent[gone:]:
                assert await resolve(stream) == "198.18.0.1"
            assert await resolve(client, "example.com") == "198.18.0.2"
        for stream in silent:
            nursery.start_soon(stream.aclose)


async def test_who_asks_stays_and_who_is_silent_goes(
    listener: socket.socket, still_clock: MockClock
) -> None:
    async with serving(listener), await connect(listener) as client:
        silent: list[trio.SocketStream] = []
        for _ in range(2):
            assert await resolve(client) == "198.18.0.1"
            silent += [await connect(listener) for _ in range(MAX_CLIENTS - 1)]
            assert await resolve(silent[-1]) == "198.18.0.1"
        assert await resolve(client) == "198.18.0.1"
        for stream in silent[: MAX_CLIENTS - 1]:
            assert await closed(stream)
        for stream in silent:
            await stream.aclose()


async def test_without_descriptors_a_silent_client_makes_room(
    listener: socket.socket, quick_clock: MockClock
) -> None:
    silent = [await connect(listener) for _ in range(5)]
    client = await connect(listener)
    start = trio.current_time()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(0)
    os.close(free)
    try:
        async with serving(listener):
            # One descriptor for all six.
            resource.setrlimit(resource.RLIMIT_NOFILE, (free + 1, hard))
            assert await resolve(client) == "198.18.0.1"
            for stream in silent:
                assert await closed(stream)
            # None of them was closed for being idle, and with nobody waiting nobody has to go.
            assert trio.current_time() - start < IDLE_SECONDS
            await trio.sleep(IDLE_SECONDS / 2)
            assert await resolve(client) == "198.18.0.1"
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for stream in (*silent, client):
            await stream.aclose()


async def test_a_silent_client_is_closed_and_one_that_asks_is_not(
    listener: socket.socket, quick_clock: MockClock
) -> None:
    async with (
        serving(listener),
        await connect(listener) as silent,
        await connect(listener) as slow,
        await connect(listener) as client,
    ):
        await slow.send_all(query("example.org")[:20])
        for _ in range(3):
            assert await resolve(client) == "198.18.0.1"
            await trio.sleep(8)
        assert await resolve(client) == "198.18.0.1"
        assert await closed(silent)
        assert await closed(slow)
        assert await closed(client)


async def test_a_byte_now_and_then_is_no_message(
    listener: socket.socket, quick_clock: MockClock
) -> None:
    async with serving(listener), await connect(listener) as client:
        with pytest.raises(trio.BrokenResourceError):
            for _ in range(40):
                await client.send_all(b"\x0f")
                await trio.sleep(1)
            raise AssertionError("it is still connected")


async def test_who_does_not_read_is_closed(listener: socket.socket, quick_clock: MockClock) -> None:
    async with (
        serving(listener),
        await connect(listener) as greedy,
        await connect(listener) as client,
    ):
        flood = query("example.org") * 1000
        with pytest.raises(trio.BrokenResourceError):
            while True:
                await greedy.send_all(flood)
        assert await closed(client)
        async with await connect(listener) as another:
            assert await resolve(another) == "198.18.0.1"


@pytest.mark.parametrize(
    "bad",
    [
        struct.pack("!H", MAX_QUERY + 1) + bytes(MAX_QUERY + 1),
        b"\xff\xff",
        framed(b""),
        framed(b"short"),
        framed(b"\0\1\x80\0" + bytes(8)),
    ],
    ids=["oversized", "oversized-length", "empty", "no-header", "response"],
)
async def test_what_cannot_be_answered_ends_only_its_own_connection(
    listener: socket.socket, still_clock: MockClock, bad: bytes
) -> None:
    async with (
        serving(listener),
        await connect(listener) as client,
        await connect(listener) as hostile,
    ):
        whole = query("example.org")
        await client.send_all(whole[:15])
        await hostile.send_all(query("example.com", 7) + bad)
        assert (await reply(hostile)).id == 7
        assert await closed(hostile)
        await client.send_all(whole[15:])
        assert (await reply(client)).id == 1


async def test_the_largest_message(listener: socket.socket, still_clock: MockClock) -> None:
    asked = query("example.org")[2:]
    padding = MAX_QUERY - len(asked) - 11
    padded = asked[:10] + b"\0\1" + asked[12:]
    padded += b"\0" + struct.pack("!HHIH", 41, 1232, 0, padding) + bytes(padding)
    assert len(padded) == MAX_QUERY
    async with serving(listener), await connect(listener) as client:
        await client.send_all(framed(padded))
        assert (await reply(client)).edns == 0


async def test_a_malformed_message_is_answered_and_the_next_one_too(
    listener: socket.socket, still_clock: MockClock
) -> None:
    async with serving(listener), await connect(listener) as client:
        await client.send_all(framed(b"\0\7\1\0\0\1\0\0\0\0\0\0\xff") + query("example.org"))
        got = await reply(client)
        assert (got.id, got.rcode()) == (7, 1)
        assert (await reply(client)).id == 1


async def test_clients_that_reset_their_connection(
    listener: socket.socket, still_clock: MockClock
) -> None:
    async with serving(listener), await connect(listener) as client:
        for sent in (b"", b"\0", query("example.org"), query("example.org") * 500):
            rude = await connect(listener)
            rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            await rude.send_all(sent)
            await rude.aclose()
        assert await resolve(client) == "198.18.0.1"


async def test_the_end_closes_every_client_and_leaves_the_listener(
    listener: socket.socket, still_clock: MockClock
) -> None:
    async with await connect(listener) as first, await connect(listener) as second:
        before = os.listdir("/proc/self/fd")
        async with serving(listener):
            assert await resolve(first) == "198.18.0.1"
            assert await resolve(second) == "198.18.0.1"
        assert os.listdir("/proc/self/fd") == before
        assert await closed(first)
        assert await closed(second)
    async with serving(listener), await connect(listener) as again:
        assert await resolve(again) == "198.18.0.1"


async def test_a_listener_that_cannot_be_used_any_more(
    listener: socket.socket, still_clock: MockClock
) -> None:
    with pytest.raises(OSError, match="Invalid argument"):
        async with open_nursery() as nursery:
            nursery.start_soon(serve, listener, SyntheticNames(), everybody, Faults())
            await trio.testing.wait_all_tasks_blocked()
            listener.shutdown(socket.SHUT_RD)


async def test_a_socket_that_does_not_listen(still_clock: MockClock) -> None:
    with socket.socket() as idle, pytest.raises(ValueError, match="listening"):
        await serve(idle, SyntheticNames(), everybody, Faults())


class _Broken(SyntheticNames):
    def address_of(self, host: str) -> str | None:
        if host == "broken.example":
            raise RuntimeError("a bug of ours")
        return super().address_of(host)


async def test_a_fault_of_ours_ends_one_connection_and_is_noted(
    listener: socket.socket, still_clock: MockClock
) -> None:
    faults = Faults()
    async with trio.open_nursery() as nursery, await connect(listener) as other:
        nursery.start_soon(serve, listener, _Broken(), everybody, faults)
        async with await connect(listener) as victim:
            await victim.send_all(framed(dns.message.make_query("broken.example", "A").to_wire()))
            assert await closed(victim)
        assert await resolve(other) == "198.18.0.1"
        nursery.cancel_scope.cancel()
    assert len(faults.texts) == 1
    assert "a bug of ours" in faults.texts[0]
