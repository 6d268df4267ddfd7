"""The race for the first address that answers."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import trio
import trio.testing

from nono.supervisor.network import dial as dial_module
from nono.supervisor.network.dial import MAX_ADDRESSES, dial

# A socket that only the garbage collector closes is a leak too.
pytestmark = pytest.mark.filterwarnings("error")

FIRST, SECOND, THIRD = "127.0.0.2", "127.0.0.3", "127.0.0.4"


def listen(address: str, port: int = 0, backlog: int = 64) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.create_server((address, port), family=family, backlog=backlog)


@dataclass
class Server:
    """A listener of ours, and its port, which is free at the other addresses."""

    sock: socket.socket
    port: int

    def accepted(self) -> int:
        """How many connections came, which are closed again."""
        self.sock.setblocking(False)
        count = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                self.sock.accept()[0].close()
                count += 1
        return count


@pytest.fixture
def third() -> Iterator[Server]:
    with listen(THIRD) as sock:
        yield Server(sock, sock.getsockname()[1])


@contextlib.contextmanager
def stuck(address: str, port: int) -> Iterator[None]:
    """Connections to here wait for ever: the backlog is full, and the kernel drops each SYN."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(listen(address, port, backlog=0))
        for _ in range(4):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex((address, port))
        yield


def descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


async def test_the_first_that_answers(third: Server) -> None:
    with listen(FIRST, third.port) as other, await dial([THIRD, FIRST], third.port) as sock:
        assert sock.getpeername() == (THIRD, third.port)
        server, _ = third.sock.accept()
        with server:
            await sock.send(b"hello")
            assert server.recv(9) == b"hello"
        assert Server(other, third.port).accepted() == 0  # not even tried


async def test_refused_addresses_are_passed_over_at_once(
    third: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dial_module, "_ATTEMPT_DELAY", float("inf"))
    before = descriptors()
    with await dial(["::1", FIRST, SECOND, THIRD], third.port) as sock:
        assert sock.getpeername() == (THIRD, third.port)
    assert descriptors() == before


async def test_an_address_that_does_not_answer(third: Server) -> None:
    with stuck(FIRST, third.port):
        before = descriptors()
        with await dial([FIRST, SECOND, THIRD], third.port) as sock:
            assert sock.getpeername() == (THIRD, third.port)
            assert len(descriptors()) == len(before) + 1  # the loser is closed
        assert descriptors() == before


async def test_addresses_that_answer_in_the_same_moment(
    third: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = trio.Event()

    async def connect(race: object, address: str) -> trio.socket.SocketType:
        await answers.wait()
        return trio.socket.from_stdlib_socket(socket.create_connection((address, third.port)))

    monkeypatch.setattr(dial_module._Race, "_connect", connect)
    monkeypatch.setattr(dial_module, "_ATTEMPT_DELAY", 0.0)
    before = descriptors()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(release_when_all_wait, answers)
        with await dial([THIRD] * MAX_ADDRESSES, third.port):
            assert len(descriptors()) == len(before) + 1
    assert descriptors() == before and third.accepted() == MAX_ADDRESSES


async def release_when_all_wait(answers: trio.Event) -> None:
    await trio.testing.wait_all_tasks_blocked(0.05)
    answers.set()


async def test_ipv6() -> None:
    with listen("::1") as sock:
        port = sock.getsockname()[1]
        with await dial(["::1", "127.0.0.1"], port) as connected:
            assert connected.family == socket.AF_INET6


async def test_the_error_of_the_first_is_raised(third: Server) -> None:
    before = descriptors()
    with pytest.raises(ConnectionRefusedError):
        await dial([FIRST, "255.255.255.255"], third.port)
    with pytest.raises(OSError) as caught:
        await dial(["255.255.255.255", FIRST], third.port)
    assert caught.value.errno in (errno.EACCES, errno.ENETUNREACH)
    assert descriptors() == before


async def test_a_cancelled_dial_leaves_nothing(third: Server) -> None:
    with stuck(FIRST, third.port), stuck(SECOND, third.port):
        before = descriptors()
        with trio.move_on_after(0.4) as scope:
            await dial([FIRST, SECOND], third.port)
        assert scope.cancelled_caught and descriptors() == before


async def test_an_answer_and_a_cancellation_at_once_leave_nothing(third: Server) -> None:
    before = descriptors()
    with trio.CancelScope() as scope:
        scope.cancel()
        await dial([THIRD], third.port)
    assert scope.cancelled_caught and descriptors() == before


async def test_no_more_than_so_many_addresses(third: Server) -> None:
    with pytest.raises(ConnectionRefusedError):
        await dial([FIRST] * MAX_ADDRESSES + [THIRD], third.port)
    assert third.accepted() == 0


async def test_no_address() -> None:
    with pytest.raises(ValueError, match="no address"):
        await dial([], 443)


async def test_no_descriptor_left(third: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """An attempt that gets no socket has failed like any other."""
    made: list[int] = []
    real = trio.socket.socket

    def limited(*arguments: int) -> trio.socket.SocketType:
        made.append(1)
        if len(made) == 1:
            raise OSError(errno.EMFILE, "Too many open files")
        return real(*arguments)

    monkeypatch.setattr(trio.socket, "socket", limited)
    with await dial([THIRD, THIRD], third.port) as sock:
        assert sock.getpeername() == (THIRD, third.port)
