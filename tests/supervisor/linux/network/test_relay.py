"""A relay between two TCP connections, each with a program at its far end."""

from __future__ import annotations

import errno
import fcntl
import os
import socket

import pytest
import trio
import trio.testing

from nono.supervisor.linux.network.relay import PIPE_BYTES, relay
from tests.supervisor.linux.network.relayed import (
    MEGABYTE,
    Socket,
    descriptors,
    noise,
    receive,
    receive_all,
    relayed,
    reset,
    send,
    tcp_pair,
)

# A socket that only the garbage collector closes is a leak too.
pytestmark = pytest.mark.filterwarnings("error")


async def test_both_ways_and_an_end_on_each_side() -> None:
    before = descriptors()
    async with relayed() as ends:
        for _ in range(3):
            await send(ends.program, b"question")
            assert await receive(ends.host, 8) == b"question"
            await send(ends.host, b"answer")
            assert await receive(ends.program, 6) == b"answer"
        ends.program.shutdown(socket.SHUT_WR)
        assert await ends.host.recv(1) == b""
        assert not ends.ended.is_set()
        await send(ends.host, b"the last word")  # half-closed: the other half still carries
        assert await receive(ends.program, 13) == b"the last word"
        ends.host.close()
        assert await ends.program.recv(1) == b""
        await ends.ended.wait()
    assert descriptors() == before


async def test_the_host_may_end_first() -> None:
    async with relayed() as ends:
        ends.host.shutdown(socket.SHUT_WR)
        assert await ends.program.recv(1) == b""
        await send(ends.program, b"still here")
        assert await receive(ends.host, 10) == b"still here"
        ends.program.close()
        assert await ends.host.recv(1) == b""
        await ends.ended.wait()


async def test_the_first_bytes_go_out_first() -> None:
    hello = noise(60_000)
    async with relayed(hello, buffers=8192) as ends:
        await send(ends.program, b" and more")
        # The other way does not wait for them to be taken.
        await send(ends.host, b"banner")
        assert await receive(ends.program, 6) == b"banner"
        assert await receive(ends.host, len(hello) + 9) == hello + b" and more"


@pytest.mark.parametrize("buffers", [0, 4096])
async def test_much_both_ways_at_once(buffers: int) -> None:
    data = noise(2 * MEGABYTE if buffers else 24 * MEGABYTE)
    before = descriptors()
    async with relayed(buffers=buffers) as ends:
        received: list[bytes] = []

        async def talk(sock: Socket) -> None:
            await send(sock, data)
            sock.shutdown(socket.SHUT_WR)

        async def listen(sock: Socket) -> None:
            received.append(await receive_all(sock))

        async with trio.open_nursery() as nursery:
            for sock in (ends.program, ends.host):
                nursery.start_soon(talk, sock)
                nursery.start_soon(listen, sock)
        await ends.ended.wait()
        assert received == [data, data]
    assert descriptors() == before


async def test_one_byte_after_another() -> None:
    data = noise(2000)
    async with relayed() as ends:
        ends.program.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in data:
            await ends.program.send(bytes([byte]))
        assert await receive(ends.host, len(data)) == data


async def test_small_messages_are_not_held_back() -> None:
    """Nagle's algorithm would hold the second until the first is acknowledged."""
    async with relayed() as ends:
        await send(ends.program, b"x")
        await receive(ends.host, 1)
        for sock in (ends.inside, ends.outside):
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize("by", ["program", "host"])
async def test_a_reset_is_passed_on(by: str) -> None:
    before = descriptors()
    async with relayed() as ends:
        await send(ends.program, b"x")
        await receive(ends.host, 1)
        one, other = (ends.program, ends.host) if by == "program" else (ends.host, ends.program)
        reset(one)
        with pytest.raises(ConnectionResetError):
            await other.recv(1)
        await ends.ended.wait()
    assert descriptors() == before


async def test_a_reset_after_a_half_close_is_passed_on() -> None:
    async with relayed() as ends:
        ends.host.shutdown(socket.SHUT_WR)
        assert await ends.program.recv(1) == b""
        reset(ends.program)
        with pytest.raises(ConnectionResetError):
            await ends.host.recv(1)


async def test_an_answer_to_half_of_an_upload_arrives() -> None:
    """The host answers, does not read the rest, and closes: its kernel sends a RST."""
    answer = b"413 too large"
    for _ in range(20):  # either direction may be the first to run
        program, inside = tcp_pair()
        outside, host = tcp_pair()
        with program, host:
            await send(outside, b"the first half")
            await send(host, answer)
            host.close()
            await trio.lowlevel.wait_readable(outside)
            await relay(inside, outside, b"the second half")
            assert await receive(program, len(answer)) == answer
            with pytest.raises(ConnectionResetError):  # and not a clean end
                await program.recv(1)


async def test_what_was_sent_before_a_reset_arrives() -> None:
    for _ in range(20):
        async with relayed() as ends:
            await send(ends.program, b"a question that nobody reads")
            await trio.lowlevel.wait_readable(ends.host)
            await send(ends.host, b"answer")
            ends.host.close()  # with bytes unread: a RST
            assert await receive(ends.program, 6) == b"answer"


async def test_a_cancelled_relay_resets_both() -> None:
    before = descriptors()
    async with relayed() as ends:
        await send(ends.program, b"x")
        await receive(ends.host, 1)
        ends.relayed.cancel()
        await ends.ended.wait()
        for sock in (ends.program, ends.host):
            with pytest.raises(ConnectionResetError):
                await sock.recv(1)
    assert descriptors() == before


async def test_an_idle_relay_costs_two_descriptors() -> None:
    async with relayed() as ends:
        await send(ends.program, b"x")
        await receive(ends.host, 1)
        await trio.testing.wait_all_tasks_blocked(0.05)
        held = len(descriptors())
        ends.relayed.cancel()
        await ends.ended.wait()
        assert held - len(descriptors()) == 2


async def fill(sock: Socket) -> int:
    """Send until nothing more is taken; returns the number of bytes."""
    sent = 0
    while True:
        with trio.move_on_after(0.3) as scope:
            sent += await sock.send(bytes(4096))
        if scope.cancelled_caught:
            return sent


@pytest.mark.parametrize("way", ["to the host", "to the program"])
async def test_a_peer_that_does_not_read_costs_no_more_than_a_pipe(way: str) -> None:
    before = descriptors()
    async with relayed(buffers=4096) as ends:
        source, target = ends.program, ends.host
        if way == "to the program":
            source, target = target, source
        sent = await fill(source)
        # Besides it there are four socket buffers, which the kernel makes larger than asked for.
        assert sent <= PIPE_BYTES + 128 * 1024
        # The other way is not held up.
        await send(target, b"x" * 1000)
        assert await receive(source, 1000) == b"x" * 1000
        assert len(await receive(target, sent)) == sent
        await fill(source)
        ends.relayed.cancel()  # with a full pipe
        await ends.ended.wait()
    assert descriptors() == before


async def test_a_small_pipe_does_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond /proc/sys/fs/pipe-user-pages-soft an ordinary user gets no larger one."""

    def refused(descriptor: int, operation: int, size: int) -> int:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(fcntl, "fcntl", refused)
    data = noise(3 * MEGABYTE)
    async with relayed() as ends, trio.open_nursery() as nursery:
        nursery.start_soon(send, ends.program, data)
        assert await receive(ends.host, len(data)) == data


async def test_no_descriptor_for_a_pipe_resets_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def none_left(flags: int) -> tuple[int, int]:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "pipe2", none_left)
    async with relayed() as ends:
        await send(ends.program, b"x")
        for sock in (ends.program, ends.host):
            with pytest.raises(ConnectionResetError):
                await sock.recv(1)


async def test_a_connection_that_never_waits_lets_others_have_their_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with relayed() as ends:
        moved = turns = 0

        def at_once(source: int, target: int, count: int, flags: int) -> int:
            nonlocal moved
            moved += source == ends.inside.fileno()
            return 0 if moved > 1000 and source == ends.inside.fileno() else 1

        async def take_turns() -> None:
            nonlocal turns
            while True:
                await trio.lowlevel.checkpoint()
                turns += 1

        async with trio.open_nursery() as nursery:
            monkeypatch.setattr(os, "splice", at_once)
            nursery.start_soon(take_turns)
            await send(ends.program, b"x")
            assert await ends.host.recv(1) == b""
            nursery.cancel_scope.cancel()
        assert turns > 500


async def test_many_connections_leave_nothing() -> None:
    before = descriptors()

    async def one(number: int) -> None:
        data = noise(1000 + 977 * number)
        async with relayed(data[:500]) as ends:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(send, ends.program, data[500:])
                assert await receive(ends.host, len(data)) == data
            if number % 3:
                ends.program.close()
                reset(ends.host) if number % 3 == 1 else ends.host.close()
                await ends.ended.wait()

    async with trio.open_nursery() as nursery:
        for number in range(60):
            nursery.start_soon(one, number)
    assert descriptors() == before
