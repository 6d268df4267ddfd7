"""Connections to services: made, verified, and kept for the next request."""

from __future__ import annotations

import os
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

import trio

from nono.broker import Rule
from nono.broker.credentials.services import Service, Upstream
from nono.broker.network.refusals import reaching
from nono.broker.visible import visible
from nono.supervisor.credentials.poll import Line
from nono.supervisor.credentials.wire import READ, Wire
from nono.supervisor.errors import ResolutionError
from nono.supervisor.network.dial import dial

if TYPE_CHECKING:
    from nono.supervisor.network.resolver import Resolver
    from nono.supervisor.network.upstream_proxy import UpstreamProxy

_CONNECT_SECONDS = 30.0
_IDLE_SECONDS = 30.0
_MAX_IDLE = 64


class UpstreamFailure(Exception):
    """A service cannot be reached, or does not speak HTTP; the text says why, for people.

    `status` is what the program is told.
    """

    status: Final = 502


class UpstreamClosed(UpstreamFailure):
    """It ended the connection, before the end of its answer."""

    def __init__(self) -> None:
        super().__init__("the service closed the connection")


@dataclass
class Upstreams:
    """The connections of one sandbox. `refusals` are addresses that no name may lead to.

    `proxy` is what services are reached through, but for those of this machine.
    """

    resolver: Resolver
    refusals: Sequence[Rule]
    proxy: UpstreamProxy | None = None
    _idle: dict[str, list[tuple[float, Wire]]] = field(default_factory=dict)
    _sessions: dict[str, ssl.SSLSession] = field(default_factory=dict)
    """What TLS begins the next connection to a service with: half the work of a new one. Whom it is
    with was verified in this run, at the beginning of the first."""
    _context: ssl.SSLContext | None = None

    def kept(self, service: Service) -> Wire | None:
        """A connection that was used for this service before, and is free."""
        idle = self._idle.get(service.name)
        while idle:
            since, wire = idle.pop()
            if time.monotonic() - since < _IDLE_SECONDS and wire.is_silent:
                return wire
            wire.close()
        return None

    async def made(self, service: Service, line: Line) -> Wire:
        """Another connection. Raises UpstreamFailure."""
        return Wire(await line.connect(partial(self._connect, service)), line.poll, None)

    def keep(self, service: Service, wire: Wire) -> None:
        """For another request. It must have had its whole answer, and nothing else.

        Of the same service: one's answers are not looked through for another one's key.
        """
        idle = self._idle.setdefault(service.name, [])
        if len(idle) >= _MAX_IDLE:
            wire.close()
            return
        wire.line = None
        wire.watch(READ)
        idle.append((time.monotonic(), wire))

    def end(self, service: Service, wire: Wire) -> None:
        """Close it: it cannot be used for another request, and what it knows can."""
        session = wire.session
        if session is not None and session.has_ticket:
            self._sessions[service.name] = session
        wire.close()

    def close(self) -> None:
        for idle in self._idle.values():
            while idle:
                idle.pop()[1].close()

    async def _connect(self, service: Service) -> socket.socket:
        upstream = service.upstream
        try:
            with trio.fail_after(_CONNECT_SECONDS):
                reached = await self._reach(upstream)
                sock = socket.socket(fileno=reached.detach())
                return await self._encrypted(sock, service) if upstream.is_tls else sock
        except trio.TooSlowError:
            raise UpstreamFailure(f"{upstream.authority} did not answer in time") from None

    async def _reach(self, upstream: Upstream) -> trio.socket.SocketType:
        """To whatever address the name has: with TLS, the certificate tells whose it is."""
        loopback = not upstream.is_tls and upstream.host == "localhost"
        try:
            if self.proxy and not loopback and self.proxy.serves(upstream.host, upstream.port):
                from nono.supervisor.network.connect_through import connect_through

                return await connect_through(
                    self.proxy, self.resolver, upstream.host, upstream.port
                )
            found = (
                ("127.0.0.1", "::1") if loopback else await self.resolver.addresses(upstream.host)
            )
            addresses = [each for each in found if not reaching(self.refusals, each)]
            if not addresses:
                raise UpstreamFailure(f"{upstream.host} leads to an address that is never opened")
            return await dial(addresses, upstream.port)
        except ResolutionError as error:
            raise UpstreamFailure(f"{upstream.host}: {error.why}") from None
        except OSError as error:
            raise UpstreamFailure(f"{upstream.authority}: {error.strerror or error}") from None

    async def _encrypted(self, sock: socket.socket, service: Service) -> ssl.SSLSocket:
        upstream = service.upstream
        try:
            if self._context is None:
                # Reading the machine's certificates takes a while. SSL_CERT_FILE names others.
                self._context = await trio.to_thread.run_sync(_context)
            sock.setblocking(False)
            sock = encrypted = self._context.wrap_socket(
                sock,
                server_hostname=upstream.host,
                do_handshake_on_connect=False,
                # An end that the service did not sign is none: RFC 9112 section 9.8.
                suppress_ragged_eofs=False,
                # One that does not work is not tried again.
                session=self._sessions.pop(service.name, None),
            )
            await _shake_hands(encrypted)
        except OSError as error:
            sock.close()
            raise UpstreamFailure(_tls_failure(upstream, error)) from None
        except BaseException:
            sock.close()
            raise
        return encrypted


def _context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    # So that only reading ever waits for writing, and not the other way round.
    context.options |= ssl.OP_NO_RENEGOTIATION
    return context


async def _shake_hands(encrypted: ssl.SSLSocket) -> None:
    while True:
        try:
            encrypted.do_handshake()
            return
        except ssl.SSLWantReadError:
            await trio.lowlevel.wait_readable(encrypted)
        except ssl.SSLWantWriteError:
            await trio.lowlevel.wait_writable(encrypted)


def _tls_failure(upstream: Upstream, cause: BaseException | None) -> str:
    if isinstance(cause, ssl.SSLCertVerificationError):
        named = os.environ.get("SSL_CERT_FILE")
        trusted = "certificates of your own: export SSL_CERT_FILE=/PATH before nono"
        if named:
            lacks = "" if os.path.isfile(named) else ", which is not there"
            trusted = f"what is trusted is SSL_CERT_FILE={visible(named)}{lacks}"
        why = f"the certificate of {upstream.host} cannot be verified: {cause.verify_message}"
        return f"{why}; {trusted}"
    return f"{upstream.authority} does not speak TLS as it should"
