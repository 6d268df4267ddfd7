"""Connections to services: made, verified, and kept for the next request."""

from __future__ import annotations

import select
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import h11
import trio

from nono.broker import Rule
from nono.broker.credentials.services import Upstream
from nono.broker.network.refusals import reaching
from nono.supervisor.errors import ResolutionError
from nono.supervisor.network.dial import dial

if TYPE_CHECKING:
    from nono.supervisor.network.resolver import Resolver
    from nono.supervisor.network.upstream_proxy import UpstreamProxy

CHUNK = 1 << 16
MAX_HEAD = 1 << 16
_CONNECT_SECONDS = 30.0
_IDLE_SECONDS = 30.0
_MAX_IDLE = 64


class UpstreamFailure(Exception):
    """A service cannot be reached, or does not speak HTTP; the text says why, for people."""


class Peer:
    """One side of an exchange: a stream, and the state of HTTP/1.1 on it."""

    def __init__(self, stream: trio.abc.Stream, role: Any) -> None:
        self.stream = stream
        self._role = role
        self.http = h11.Connection(role, max_incomplete_event_size=MAX_HEAD)

    async def next_event(self, seconds: float) -> Any:
        """The next event. Raises h11.RemoteProtocolError, trio.TooSlowError and stream errors."""
        event = self.http.next_event()
        if event is h11.NEED_DATA:
            with trio.fail_after(seconds):
                while event is h11.NEED_DATA:
                    self.http.receive_data(bytes(await self.stream.receive_some(CHUNK)))
                    event = self.http.next_event()
        return event

    async def send(self, event: h11.Event, seconds: float) -> None:
        """Send an event. Raises trio.TooSlowError and the stream's errors."""
        await self.write(self.http.send(event) or b"", seconds)

    async def write(self, data: bytes | bytearray, seconds: float) -> None:
        """Send bytes; one task at a time. Raises as `send` does."""
        if data:
            with trio.fail_after(seconds):
                await self.stream.send_all(data)

    async def close(self) -> None:
        """At once, whatever was on its way."""
        await trio.aclose_forcefully(self.stream)


class Connection(Peer):
    """A connection to a service."""

    def __init__(self, stream: trio.abc.Stream, sock: trio.socket.SocketType) -> None:
        super().__init__(stream, h11.CLIENT)
        self._socket = sock
        self.is_reused = False
        self.idle_since = 0.0

    @property
    def is_fresh(self) -> bool:
        """False when the service has closed it, or said something that nobody asked for."""
        poll = select.poll()
        poll.register(self._socket.fileno(), select.POLLIN)
        return time.monotonic() - self.idle_since < _IDLE_SECONDS and not poll.poll(0)


@dataclass
class Upstreams:
    """The connections of one sandbox. `refusals` are addresses that no name may lead to.

    `proxy` is what services are reached through, but for those of this machine.
    """

    resolver: Resolver
    refusals: Sequence[Rule]
    proxy: UpstreamProxy | None = None
    _idle: dict[Upstream, list[Connection]] = field(default_factory=dict)
    _context: ssl.SSLContext | None = None

    async def get(self, upstream: Upstream, fresh: bool = False) -> Connection:
        """A connection that no other request uses. Raises UpstreamFailure."""
        idle = self._idle.get(upstream, [])
        while idle and not fresh:
            connection = idle.pop()
            if connection.is_fresh:
                connection.is_reused = True
                return connection
            await connection.close()
        try:
            with trio.fail_after(_CONNECT_SECONDS):
                return await self._connect(upstream)
        except trio.TooSlowError:
            raise UpstreamFailure(f"{upstream.authority} did not answer in time") from None

    async def put(self, upstream: Upstream, connection: Connection) -> None:
        """Keep a connection for another request if it can have one; close it if not."""
        idle = self._idle.setdefault(upstream, [])
        state = connection.http
        is_done = state.our_state is h11.DONE and state.their_state is h11.DONE
        # What came after the answer would be taken for the next one.
        is_clean = state.trailing_data == (b"", False)
        if is_done and is_clean and len(idle) < _MAX_IDLE:
            state.start_next_cycle()
            connection.idle_since = time.monotonic()
            idle.append(connection)
        else:
            await connection.close()

    async def close(self) -> None:
        for idle in self._idle.values():
            while idle:
                await idle.pop().close()

    async def _connect(self, upstream: Upstream) -> Connection:
        sock = await self._reach(upstream)
        stream: trio.abc.Stream = trio.SocketStream(sock)
        if upstream.is_tls:
            stream = await self._encrypted(stream, upstream)
        return Connection(stream, sock)

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

    async def _encrypted(self, stream: trio.abc.Stream, upstream: Upstream) -> trio.abc.Stream:
        if self._context is None:
            # Reading the machine's certificates takes a while. SSL_CERT_FILE names others.
            self._context = await trio.to_thread.run_sync(ssl.create_default_context)
            self._context.set_alpn_protocols(["http/1.1"])
        encrypted = trio.SSLStream(
            stream, self._context, server_hostname=upstream.host, https_compatible=True
        )
        try:
            await encrypted.do_handshake()
        except trio.BrokenResourceError as error:
            await trio.aclose_forcefully(stream)
            raise UpstreamFailure(_tls_failure(upstream, error.__cause__)) from None
        except BaseException:
            await trio.aclose_forcefully(stream)
            raise
        return encrypted


def _tls_failure(upstream: Upstream, cause: BaseException | None) -> str:
    if isinstance(cause, ssl.SSLCertVerificationError):
        return (
            f"the certificate of {upstream.host} cannot be verified: {cause.verify_message};"
            " certificates of your own: export SSL_CERT_FILE=/PATH before nono"
        )
    return f"{upstream.authority} does not speak TLS as it should"
