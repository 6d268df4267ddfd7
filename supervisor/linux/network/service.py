"""The network of one sandbox in the filtered mode: its names, its DNS stub, its way to hosts."""

from __future__ import annotations

import resource
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from nono.broker import Connect, ConnectHost, Process, PublicPort
from nono.broker.requests import NOBODY
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.errors import ProxyRefusal, ResolutionError
from nono.supervisor.faults import Faults
from nono.supervisor.linux.network.datagrams import Datagrams
from nono.supervisor.linux.network.stub_clients import StubClients
from nono.supervisor.linux.network.synthetic_names import SyntheticNames

if TYPE_CHECKING:
    import trio

    from nono.supervisor.network.resolver import Resolver
    from nono.supervisor.network.upstream_proxy import UpstreamProxy

_BACKLOG = 128
_MAX_TUNNELS = 2048
_MAX_REACHED = 4096


class NetworkService:
    """Made before the program starts; served once trio runs. Close it at the end.

    `serve`, `resolver`, `permitted` and `reach` are for trio's thread; the rest is for any thread.
    """

    def __init__(
        self,
        nameservers: Sequence[tuple[str, int]] = (),
        proxy: UpstreamProxy | None = None,
    ) -> None:
        """`proxy` is what hosts are reached through that the policy knows by name."""
        self._proxy = proxy
        self.names = SyntheticNames()
        self._nameservers = nameservers
        self._resolver: Resolver | None = None
        self.permit: Callable[[Connect], Awaitable[Process]] | None = None
        """Asks a person about an address that a name leads to; None where nobody is asked."""
        self._reached: dict[tuple[str, int], str] = {}
        self.tunnels = threading.BoundedSemaphore(_max_tunnels())
        """One for each connection that goes through the supervisor."""
        self.datagrams = Datagrams()
        self.stub_clients = StubClients()
        """Whom the DNS stub answers."""
        self._stub = socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG)

    @property
    def stub_port(self) -> int:
        """Where the DNS stub listens on 127.0.0.1."""
        port: int = self._stub.getsockname()[1]
        return port

    def wakes(self) -> int:
        """A descriptor that can be read when somebody wants to look up a name."""
        return self._stub.fileno()

    async def serve(self, faults: Faults, decisions: Decisions) -> None:
        """Answer look-ups until cancelled. May run in several tasks at once."""
        from nono.supervisor.linux.network import dns_stub
        from nono.supervisor.linux.network.dns_records import Records

        def on_loopback(host: str) -> tuple[str, ...]:
            is_named = decisions.policy.network.restricts_host(host)
            return () if is_named else self.resolver.on_loopback(host)

        self.names.on_loopback = on_loopback
        records = Records(decisions, self.resolver)
        with self._stub.dup() as listener:
            admits = self.stub_clients.admits
            await dns_stub.serve(listener, self.names, admits, faults, records)

    @property
    def resolver(self) -> Resolver:
        """To be used where trio runs."""
        if self._resolver is None:
            from nono.supervisor.network.resolver import Resolver

            self._resolver = Resolver(self._nameservers)
        return self._resolver

    def known(self, host: str) -> tuple[str, ...] | None:
        """The addresses of a host if they are known already."""
        return None if self._resolver is None else self._resolver.cached(host)

    def is_proxied(self, decisions: Decisions, host: str, port: int) -> bool:
        """True when a host, itself allowed, is reached through the upstream proxy.

        Not one that is allowed for having a public address only, which is for us to see.
        """
        if self._proxy is None or not self._proxy.serves(host, port):
            return False
        network = decisions.policy.network
        rules = network.considered(ConnectHost(NOBODY, host, port))
        return not isinstance(rules[0].pattern, PublicPort)

    async def permitted(
        self, decisions: Decisions, process: Process, host: str, port: int
    ) -> tuple[str, ...]:
        """The addresses that a host, itself allowed, may be reached at, the best first.

        Raises OSError: EHOSTUNREACH when there is no such name, ETIMEDOUT when nobody tells, and
        ECONNREFUSED, noted as a refusal, when it has only addresses that it may not have.
        """
        try:
            found = await self.resolver.addresses(host)
        except ResolutionError as error:
            decisions.note_unresolved(host, error.why)
            raise
        allowed = allowed_addresses(decisions, process, host, port, found)
        if not allowed and self.permit is not None:
            process = await self.permit(Connect(process, found[0], port, host))
            allowed = allowed_addresses(decisions, process, host, port, found)
        if not allowed:
            decisions.require(Connect(process, found[0], port, host))
        last = self._reached.get((host, port))  # the best guess
        return tuple(sorted(allowed, key=lambda address: address != last))

    async def reach(
        self, decisions: Decisions, process: Process, host: str, port: int
    ) -> trio.socket.SocketType:
        """A connection of our own to the host. Raises OSError as `permitted` and connect(2) do."""
        if self._proxy is not None and self.is_proxied(decisions, host, port):
            return await self._reach_through(self._proxy, decisions, host, port)
        from nono.supervisor.network.dial import dial

        outside = await dial(await self.permitted(decisions, process, host, port), port)
        if len(self._reached) >= _MAX_REACHED:
            self._reached.clear()
        self._reached[host, port] = outside.getpeername()[0]
        return outside

    async def _reach_through(
        self, proxy: UpstreamProxy, decisions: Decisions, host: str, port: int
    ) -> trio.socket.SocketType:
        from nono.supervisor.network.connect_through import connect_through

        try:
            return await connect_through(proxy, self.resolver, host, port)
        except (ProxyRefusal, ResolutionError) as error:
            decisions.note_unresolved(host, error.why)
            raise

    def close(self) -> None:
        self._stub.close()
        self.datagrams.close()


def _max_tunnels() -> int:
    """Each has up to eight descriptors of ours; the limit is raised to the hard one later."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MAX_TUNNELS if hard == resource.RLIM_INFINITY else min(_MAX_TUNNELS, hard // 16)


def allowed_addresses(
    decisions: Decisions, process: Process, host: str, port: int, addresses: Sequence[str]
) -> tuple[str, ...]:
    """Those of a host's addresses that the policy lets it have. Notes no refusal."""
    return tuple(
        address for address in addresses if decisions.admits(Connect(process, address, port, host))
    )
