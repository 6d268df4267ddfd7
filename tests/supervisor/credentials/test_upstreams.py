"""Connections to a service over TLS: verified, and begun with what the last one left."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest
import trio
import trustme

from nono.broker.credentials.services import Service, own_service
from nono.supervisor.credentials.poll import Line, Poll, pause
from nono.supervisor.credentials.upstreams import UpstreamFailure, Upstreams
from nono.supervisor.credentials.wire import READ
from nono.supervisor.network.resolver import Resolver

_HOST = "svc.example"


class _Resolver:
    async def addresses(self, host: str) -> list[str]:
        return ["127.0.0.1"]


@dataclass
class _Server:
    """Answers every connection with one byte, and tells which of them were begun anew."""

    port: int = 0
    context: ssl.SSLContext = field(default_factory=lambda: _context(trustme.CA()))
    resumed: list[bool | None] = field(default_factory=list)

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            try:
                with self.context.wrap_socket(plain, server_side=True) as sock:
                    self.resumed.append(sock.session_reused)
                    sock.send(b"x")
                    sock.recv(1)
            except OSError:
                plain.close()


def _context(ca: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(_HOST).configure_cert(context)
    return context


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[_Server]:
    ca = trustme.CA()
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    listener = socket.create_server(("127.0.0.1", 0))
    made = _Server(listener.getsockname()[1], _context(ca))
    thread = threading.Thread(target=made.serve, args=(listener,))
    thread.start()
    yield made
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def _service(name: str, server: _Server) -> Service:
    return own_service(name, f"https://{_HOST}:{server.port}/api", "env://K", "K")


async def _use(upstreams: Upstreams, service: Service) -> None:
    """A connection from its beginning to its end, in a line of its own."""
    failed: list[UpstreamFailure] = []
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            poll, ended = Poll(nursery), trio.Event()

            async def use(line: Line) -> None:
                try:
                    wire = await upstreams.made(service, line)
                    wire.line = line
                    wire.watch(READ)
                    while wire.receive() != b"x":
                        await pause()
                    upstreams.end(service, wire)
                except UpstreamFailure as error:
                    failed.append(error)
                finally:
                    ended.set()

            nursery.start_soon(poll.run)
            poll.start(use)
            await ended.wait()
            nursery.cancel_scope.cancel()
        poll.close()
    if failed:
        raise failed[0]


def _upstreams() -> Upstreams:
    return Upstreams(cast("Resolver", _Resolver()), ())


async def test_a_service_is_met_again_and_another_one_for_the_first_time(server: _Server) -> None:
    """Also where both are on one host: what one left is no other one's."""
    upstreams = _upstreams()
    for name in ("a", "a", "a", "b", "b"):
        await _use(upstreams, _service(name, server))
    assert server.resumed == [False, True, True, False, True]


async def test_whoever_has_no_part_in_what_was_left_is_verified(server: _Server) -> None:
    upstreams = _upstreams()
    service = _service("a", server)
    await _use(upstreams, service)
    server.context = _context(trustme.CA())
    with pytest.raises(UpstreamFailure, match="cannot be verified"):
        await _use(upstreams, service)


async def test_what_one_run_left_is_for_no_other_run(server: _Server) -> None:
    service = _service("a", server)
    await _use(_upstreams(), service)
    await _use(_upstreams(), service)
    assert server.resumed == [False, False]
