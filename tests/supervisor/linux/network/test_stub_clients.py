"""Whose connections the DNS stub answers: those that were expected, each once."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
import trio

from nono.supervisor.faults import Faults
from nono.supervisor.linux.network import stub_clients
from nono.supervisor.linux.network.dns_stub import serve
from nono.supervisor.linux.network.stub_clients import StubClients
from nono.supervisor.linux.network.synthetic_names import SyntheticNames


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


async def test_who_is_not_known_is_closed_at_once(listener: socket.socket) -> None:
    asked: list[object] = []

    def admits(peer: object, here: object) -> bool:
        asked.append((peer, here))
        return False

    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve, listener, SyntheticNames(), admits, Faults())
        async with await trio.open_tcp_stream(*listener.getsockname()) as stranger:
            assert await stranger.receive_some() == b""
            assert asked == [(stranger.socket.getsockname(), listener.getsockname())]
        nursery.cancel_scope.cancel()


def admitted(clients: StubClients, listener: socket.socket) -> bool:
    accepted, peer = listener.accept()
    with accepted:
        return clients.admits(peer, accepted.getsockname())


@pytest.mark.parametrize("blocking", [True, False])
def test_what_is_expected_is_admitted_once(listener: socket.socket, blocking: bool) -> None:
    clients = StubClients()
    with socket.socket() as sock, socket.create_connection(listener.getsockname()):
        assert not admitted(clients, listener)
        sock.setblocking(blocking)
        try:
            with clients.expecting(sock):
                sock.connect(listener.getsockname())
        except BlockingIOError:
            assert not blocking
        peer, here = sock.getsockname(), listener.getsockname()
        assert admitted(clients, listener)
        assert not clients.admits(peer, here)


def test_a_port_that_is_anothers_by_now_is_not(listener: socket.socket) -> None:
    clients = StubClients()
    with socket.socket() as sock:
        sock.bind(("127.0.0.68", 0))  # what connects elsewhere meanwhile takes no port of this one
        with clients.expecting(sock):
            sock.connect(listener.getsockname())
        source = sock.getsockname()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes([1, *[0] * 7]))
    with socket.create_connection(listener.getsockname(), source_address=source):
        listener.accept()[0].close()  # the one that was expected, and is gone
        assert not admitted(clients, listener)


def test_what_was_connected_before_or_failed_is_not(listener: socket.socket) -> None:
    clients = StubClients()
    with socket.create_connection(listener.getsockname()) as sock:
        with pytest.raises(OSError), clients.expecting(sock):
            sock.connect(listener.getsockname())
        with clients.expecting(sock):
            pass
        assert not admitted(clients, listener)


def test_what_is_expected_has_a_bound(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stub_clients, "_MAX_EXPECTED", 1)
    clients = StubClients()
    with socket.socket() as one, socket.socket() as other:
        for sock in (one, other):
            with clients.expecting(sock):
                sock.connect(listener.getsockname())
        assert [admitted(clients, listener) for _ in range(2)] == [False, True]
