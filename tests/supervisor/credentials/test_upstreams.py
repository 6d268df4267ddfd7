"""Connections to a service over TLS: verified, and begun with what the last one left."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
import trio
import trustme

from nono.broker.credentials.services import Service, own_service
from nono.supervisor.credentials import encryption
from nono.supervisor.credentials.poll import Line, Poll, pause
from nono.supervisor.credentials.upstreams import UpstreamFailure, Upstreams
from nono.supervisor.credentials.wire import READ, Wire
from nono.supervisor.network.resolver import Resolver

_HOST = "svc.example"
_PRE_SHARED_KEY = 41
"""The extension that a connection goes on with a session by: RFC 8446 section 4.2."""


class _Resolver:
    async def addresses(self, host: str) -> list[str]:
        return ["127.0.0.1"]


@dataclass
class _Server:
    """Answers every connection with one byte, and tells which of them were begun anew.

    One that is careful closes what begins with a session, and one that is deaf leaves it alone.
    """

    port: int = 0
    context: ssl.SSLContext = field(default_factory=lambda: _context(trustme.CA()))
    soon_over: ssl.SSLContext = field(default_factory=lambda: _context(trustme.CA()))
    """With a certificate that is good for half an hour."""
    resumed: list[bool | None] = field(default_factory=list)
    is_careful: bool = False
    is_deaf: bool = False
    refused: int = 0

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            try:
                if self._refuses(plain):
                    continue
                with self.context.wrap_socket(plain, server_side=True) as sock:
                    self.resumed.append(sock.session_reused)
                    sock.send(b"x")
                    sock.recv(1)
            except OSError:
                plain.close()

    def _refuses(self, plain: socket.socket) -> bool:
        if not (self.is_careful or self.is_deaf):
            return False
        hello = b""
        while len(hello) < 5 or len(hello) < 5 + int.from_bytes(hello[3:5], "big"):
            hello = plain.recv(1 << 14, socket.MSG_PEEK)
        if _PRE_SHARED_KEY not in _extensions(hello):
            return False
        self.refused += 1
        if self.is_deaf:
            plain.recv(1 << 14)
            plain.settimeout(20)
            plain.recv(1)
        plain.close()
        return True


def _extensions(hello: bytes) -> set[int]:
    """Of a ClientHello in its record: RFC 8446 sections 4.1.2 and 5.1."""
    at = 5 + 4 + 2 + 32
    for width in (1, 2, 1):  # the session's id, the ciphers, the compressions
        at += width + int.from_bytes(hello[at : at + width], "big")
    at += 2
    found = set()
    while at < len(hello):
        found.add(int.from_bytes(hello[at : at + 2], "big"))
        at += 4 + int.from_bytes(hello[at + 2 : at + 4], "big")
    return found


def _context(ca: trustme.CA, not_after: datetime | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(_HOST, not_after=not_after).configure_cert(context)
    return context


class _Clock:
    """Stands still, and is set forward and back."""

    def __init__(self) -> None:
        self._now = time.time()

    def time(self) -> float:
        return self._now

    def go(self, seconds: float) -> None:
        self._now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    made = _Clock()
    monkeypatch.setattr(encryption, "time", made)
    return made


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[_Server]:
    ca = trustme.CA()
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    listener = socket.create_server(("127.0.0.1", 0))
    soon = datetime.now(UTC) + timedelta(minutes=30)
    made = _Server(listener.getsockname()[1], _context(ca), _context(ca, soon))
    thread = threading.Thread(target=made.serve, args=(listener,))
    thread.start()
    yield made
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def _service(name: str, server: _Server) -> Service:
    return own_service(name, f"https://{_HOST}:{server.port}/api", "env://K", "K")


async def _use(upstreams: Upstreams, service: Service, count: int = 1, breaks: str = "") -> None:
    """Connections from their beginnings to their ends, each in a line of its own."""
    failed: list[UpstreamFailure] = []
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            poll, ended = Poll(nursery), trio.Semaphore(0)

            async def use(line: Line) -> None:
                try:
                    wire = await upstreams.made(service, line)
                    wire.line = line
                    wire.watch(READ)
                    while wire.receive() != b"x":
                        await pause()
                    wire.has_answered = breaks == "later"
                    if breaks:
                        upstreams.broken_off(service, wire)
                    upstreams.end(service, wire)
                except UpstreamFailure as error:
                    failed.append(error)
                finally:
                    ended.release()

            nursery.start_soon(poll.run)
            for _ in range(count):
                poll.start(use)
            for _ in range(count):
                await ended.acquire()
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


async def test_nobody_is_believed_for_longer_than_an_hour(
    server: _Server, clock: _Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often a session was gone on with; nor are the authorities that were read."""
    upstreams, service = _upstreams(), _service("a", server)
    for seconds in (0, 1700, 1700, 300, 10):
        clock.go(seconds)
        await _use(upstreams, service)
    assert server.resumed == [False, True, True, False, True]
    clock.go(3600)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "other.pem"))
    with pytest.raises(UpstreamFailure, match="cannot be verified"):
        await _use(upstreams, service)


async def test_a_clock_that_goes_back_makes_nothing_younger(server: _Server, clock: _Clock) -> None:
    upstreams, service = _upstreams(), _service("a", server)
    await _use(upstreams, service)
    clock.go(-1)
    await _use(upstreams, service)
    assert server.resumed == [False, False]


async def test_a_certificate_is_believed_to_its_end(server: _Server, clock: _Clock) -> None:
    server.context = server.soon_over
    upstreams, service = _upstreams(), _service("a", server)
    for seconds in (0, 1700, 200):
        clock.go(seconds)
        await _use(upstreams, service)
    assert server.resumed == [False, True, False]


async def test_a_kept_connection_is_used_for_an_hour(server: _Server, clock: _Clock) -> None:
    """Whatever is said on it. Another one is begun then, and with a certificate."""
    upstreams, service = _upstreams(), _service("a", server)
    async with trio.open_nursery() as nursery:
        poll = Poll(nursery)
        made: list[Wire] = []

        async def connect(line: Line) -> None:
            made.append(await upstreams.made(service, line))

        poll.start(connect)
        with trio.fail_after(20):
            while not made:
                await trio.sleep(0.01)
        upstreams.keep(service, made[0])
        while made[0].receive() != b"x":
            made[0].ready = READ
        for seconds, kept in ((0, made[0]), (3500, made[0]), (200, None)):
            clock.go(seconds)
            assert upstreams.kept(service) is kept
            if kept:
                upstreams.keep(service, kept)
        assert not made[0].is_open
        poll.close()


@pytest.mark.parametrize("fault", ["is_careful", "is_deaf"])
async def test_a_service_that_goes_on_with_no_session_is_offered_none(
    server: _Server, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And answers nevertheless: nothing of the request was sent when it gave up."""
    monkeypatch.setattr(encryption, "_RESUMING_SECONDS", 0.2)
    setattr(server, fault, True)
    upstreams = _upstreams()
    for name in ("a", "a", "a", "a", "b", "b"):
        await _use(upstreams, _service(name, server))
    assert server.resumed == [False] * 6
    assert server.refused == 2  # once for each service


async def test_a_service_that_gives_up_behind_the_handshake_is_offered_none(
    server: _Server,
) -> None:
    """In TLS 1.3 the client's is over by then; what an answered connection ends with is no sign."""
    upstreams, service = _upstreams(), _service("a", server)
    await _use(upstreams, service)
    await _use(upstreams, service, breaks="later")
    await _use(upstreams, service, breaks="first")
    await _use(upstreams, service)
    assert server.resumed == [False, True, True, False]


async def test_first_connections_that_begin_at_once_know_the_same(server: _Server) -> None:
    upstreams, service = _upstreams(), _service("a", server)
    await _use(upstreams, service, 3)
    await _use(upstreams, service)
    assert server.resumed == [False, False, False, True]


async def test_each_of_many_connections_leaves_something_for_another_one(server: _Server) -> None:
    upstreams, service = _upstreams(), _service("a", server)
    for _ in range(3):
        await _use(upstreams, service, 3)
    assert [server.resumed.count(each) for each in (False, True)] == [3, 6]
