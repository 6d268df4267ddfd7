"""Answers are kept, shared and bounded; false ones are passed over."""

from __future__ import annotations

import socket
import threading

import pytest
import trio
import trio.testing

from nono.supervisor.errors import ResolutionError
from nono.supervisor.network import resolver
from tests.supervisor.network.resolver.conftest import Clock, Files, descriptors
from tests.supervisor.network.upstream import FakeDns


@pytest.mark.parametrize(("ttl", "kept"), [(0, 1), (60, 60), (2**31 - 1, 3600)])
async def test_an_answer_is_kept_for_its_time(
    server: FakeDns, files: Files, clock: Clock, ttl: int, kept: int
) -> None:
    server.ttl = ttl
    asked = files.resolver(server.server)
    await asked.addresses("four.example")
    clock.now += kept - 0.5
    assert await asked.addresses("four.example") == asked.cached("four.example")
    assert len(server.queries) == 2
    clock.now += 1
    assert asked.cached("four.example") is None
    await asked.addresses("four.example")
    assert len(server.queries) == 4


async def test_one_question_for_all_who_ask(server: FakeDns, files: Files) -> None:
    server.delay = {"A": 0.1, "AAAA": 0.1}
    asked = files.resolver(server.server)
    results: list[tuple[str, ...]] = []

    async def ask() -> None:
        results.append(await asked.addresses("four.example"))

    async with trio.open_nursery() as nursery:
        for _ in range(50):
            nursery.start_soon(ask)
    assert results == [("192.0.2.4",)] * 50
    assert len(server.queries) == 2


async def test_when_the_one_who_asks_is_cancelled_another_asks(
    server: FakeDns, files: Files
) -> None:
    server.silent = frozenset({"A", "AAAA"})
    files.resolv_conf.write_text("options timeout:30 attempts:5\n")
    asked = files.resolver(server.server)
    results: list[tuple[str, ...]] = []
    first = trio.CancelScope()

    async def ask_first() -> None:
        with first:
            await asked.addresses("four.example")

    async def ask() -> None:
        results.append(await asked.addresses("four.example"))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask_first)
        await trio.testing.wait_all_tasks_blocked()
        for _ in range(5):
            nursery.start_soon(ask)
        while len(server.queries) < 2:
            await trio.sleep(0.01)
        assert not results
        server.silent = frozenset()
        first.cancel()
    assert results == [("192.0.2.4",)] * 5
    assert len(server.queries) == 4


async def test_a_cancelled_question_leaves_nothing(server: FakeDns, files: Files) -> None:
    server.silent = frozenset({"A", "AAAA"})
    asked = files.resolver(server.server)
    before = descriptors()
    with trio.move_on_after(0.1) as scope:
        await asked.addresses("four.example")
    assert scope.cancelled_caught and descriptors() == before
    server.silent = frozenset()
    assert await asked.addresses("four.example") == ("192.0.2.4",)
    assert descriptors() == before


async def test_many_names_at_once_keep_few_sockets_and_few_names(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolver, "_MAX_KNOWN", 10)
    monkeypatch.setattr(resolver, "_MAX_QUESTIONS", 4)
    names = [f"n{number}.example" for number in range(100)]
    with FakeDns({name: ["192.0.2.1"] for name in names}) as server:
        server.delay = {"A": 0.05, "AAAA": 0.05}
        asked = files.resolver(server.server)
        before = descriptors()
        async with trio.open_nursery() as nursery:
            for name in names:
                nursery.start_soon(asked.addresses, name)
            await trio.testing.wait_all_tasks_blocked()
            assert len(descriptors() - before) == 2 * 4
    assert sum(asked.cached(name) is not None for name in names) == 10


async def test_another_thread_may_look(server: FakeDns, files: Files) -> None:
    asked = files.resolver(server.server)
    expected = await asked.addresses("both.example")
    seen: list[tuple[str, ...] | None] = []
    thread = threading.Thread(target=lambda: seen.append(asked.cached("both.example")))
    thread.start()
    thread.join()
    assert seen == [expected]


async def test_false_answers_are_passed_over(server: FakeDns, files: Files) -> None:
    """Another id, another question, a query, noise: what somebody may send who guesses."""

    def forgeries(query: bytes) -> list[bytes]:
        other_id = bytes([query[0] ^ 1]) + query[1:2] + b"\x81\x80" + query[4:]
        other_name = query[:2] + b"\x81\x80" + query[4:13] + b"g" + query[14:]
        return [b"", b"\0", query, other_id, other_name, query[:12], bytes(512), query[:2] * 30]

    server.before = forgeries
    assert await files.resolver(server.server).addresses("four.example") == ("192.0.2.4",)


@pytest.mark.parametrize("cut", [0, 2, 11, 12, 20])
async def test_a_malformed_answer_over_tcp(files: Files, cut: int) -> None:
    """The server says nonsense and closes: an error of ours, not of dnspython's."""
    files.resolv_conf.write_text("options use-vc timeout:1 attempts:1\n")
    listener = socket.create_server(("127.0.0.1", 0))

    async def talk(stream: trio.SocketStream) -> None:
        query = await stream.receive_some(512)
        reply = query[2:4] + b"\x81\x80" + query[6:]
        await stream.send_all(cut.to_bytes(2, "big") + reply[:cut])

    async with trio.open_nursery() as nursery:
        listening = trio.SocketListener(trio.socket.from_stdlib_socket(listener))
        nursery.start_soon(trio.serve_listeners, talk, [listening])
        with pytest.raises(ResolutionError):
            await files.resolver(listener.getsockname()).addresses("four.example")
        nursery.cancel_scope.cancel()
