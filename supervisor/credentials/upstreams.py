"""Connections to services: made, verified, and kept or made in advance for the next request."""

from __future__ import annotations

import socket
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

import trio

from nono.broker import Rule
from nono.broker.credentials.services import Service, Upstream
from nono.broker.network.refusals import reaching
from nono.supervisor.credentials.encryption import Encryption, NotResumed, failure
from nono.supervisor.credentials.poll import Line, Poll
from nono.supervisor.credentials.wire import READ, Wire
from nono.supervisor.errors import ResolutionError
from nono.supervisor.network.dial import dial

if TYPE_CHECKING:
    from nono.supervisor.network.resolver import Resolver
    from nono.supervisor.network.upstream_proxy import UpstreamProxy

_CONNECT_SECONDS = 30.0
_IDLE_SECONDS = 30.0
_MAX_IDLE = 64
_MAX_PREPARED = 16


class UpstreamFailure(Exception):
    """A service cannot be reached, or does not speak HTTP; the text says why, for people.

    `status` is what the program is told.
    """

    status: Final = 502


class UpstreamClosed(UpstreamFailure):
    """It ended the connection, before the end of its answer."""

    def __init__(self) -> None:
        super().__init__("the service closed the connection")


@dataclass(slots=True)
class _Load:
    """Requests to one service that use up a connection each."""

    now: int = 0
    most: int = 0
    """At the same time, lately."""
    since: float = 0.0
    """When that was."""
    preparing: int = 0
    """Connections that are being begun for others."""

    def begin(self) -> None:
        self.now += 1
        at = time.monotonic()
        if self.now >= self.most or at - self.since > _IDLE_SECONDS:
            self.most, self.since = self.now, at


@dataclass
class Upstreams:
    """The connections of one sandbox. `refusals` are addresses that no name may lead to.

    `proxy` is what services are reached through, but for those of this machine.
    """

    resolver: Resolver
    refusals: Sequence[Rule]
    proxy: UpstreamProxy | None = None
    _idle: dict[str, list[tuple[float, Wire]]] = field(default_factory=dict)
    _encryption: Encryption = field(default_factory=Encryption)
    _loads: defaultdict[str, _Load] = field(default_factory=lambda: defaultdict(_Load))

    def kept(self, service: Service) -> Wire | None:
        """A connection to this service that is free, used before or not."""
        idle = self._idle.get(service.name)
        while idle:
            since, wire = idle.pop()
            is_recent = time.monotonic() - since < _IDLE_SECONDS and self._is_fresh(wire)
            if is_recent and wire.is_silent:
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
        if wire.encrypted is not None:
            self._encryption.leave(service, wire.encrypted)
        wire.close()

    def broken_off(self, service: Service, wire: Wire) -> None:
        """Closed by the service before the end of an answer, where another one was expected."""
        if wire.encrypted is not None and not wire.has_answered:
            self._encryption.broken_off(service, wire.encrypted)

    def begin_last(self, service: Service) -> None:
        """A request begins that is the last one on its connection; `end_last` tells its end."""
        self._loads[service.name].begin()

    def end_last(self, service: Service) -> None:
        self._loads[service.name].now -= 1

    def prepare(self, service: Service, poll: Poll) -> None:
        """Begin a connection for another request, where fewer are free than were lately in use.

        So that one is spared the two round trips, which are more than all else that nono costs it.
        """
        load = self._loads[service.name]
        free = [wire for _, wire in self._idle.get(service.name, ()) if wire.is_open]
        if load.preparing + len(free) < min(load.most, _MAX_PREPARED):
            load.preparing += 1
            poll.nursery.start_soon(self._prepare, service, poll)

    async def _prepare(self, service: Service, poll: Poll) -> None:
        try:
            sock = await self._connect(service)
        except Exception:
            return  # it is told to the request that needs one
        finally:
            self._loads[service.name].preparing -= 1
        self.keep(service, Wire(sock, poll, None))

    def close(self) -> None:
        for idle in self._idle.values():
            while idle:
                idle.pop()[1].close()

    def _is_fresh(self, wire: Wire) -> bool:
        return wire.encrypted is None or self._encryption.is_fresh(wire.encrypted)

    async def _connect(self, service: Service) -> socket.socket:
        """Once more where TLS alone was tried: nothing of a request was sent then."""
        try:
            return await self._connect_once(service, anew=False)
        except NotResumed:
            return await self._connect_once(service, anew=True)

    async def _connect_once(self, service: Service, *, anew: bool) -> socket.socket:
        upstream = service.upstream
        try:
            with trio.fail_after(_CONNECT_SECONDS):
                reached = await self._reach(upstream)
                sock = socket.socket(fileno=reached.detach())
                if not upstream.is_tls:
                    return sock
                return await self._encryption.begin(sock, service, anew=anew)
        except trio.TooSlowError:
            raise UpstreamFailure(f"{upstream.authority} did not answer in time") from None
        except OSError as error:
            raise UpstreamFailure(failure(upstream, error)) from None

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
