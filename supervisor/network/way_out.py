"""The way to hosts that are known by name: the addresses they may have, and connections."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from nono.broker import Connect, ConnectHost, Process, PublicPort
from nono.broker.requests import NOBODY
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.errors import ProxyRefusal, ResolutionError

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    import trio

    from nono.supervisor.network.resolver import Resolver
    from nono.supervisor.network.upstream_proxy import UpstreamProxy

_MAX_REACHED = 4096


class WayOut:
    """Of one sandbox. For trio's thread, but for `known` and `is_proxied`, which are for any."""

    def __init__(
        self,
        nameservers: Sequence[tuple[str, int]] = (),
        proxy: UpstreamProxy | None = None,
    ) -> None:
        """`proxy` is what hosts are reached through that the policy knows by name."""
        self._proxy = proxy
        self._nameservers = nameservers
        self._resolver: Resolver | None = None
        self.permit: Callable[[Connect], Awaitable[Process]] | None = None
        """Asks a person about an address that a name leads to; None where nobody is asked."""
        self._reached: dict[tuple[str, int], str] = {}

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


def allowed_addresses(
    decisions: Decisions, process: Process, host: str | None, port: int, addresses: Sequence[str]
) -> tuple[str, ...]:
    """Those of a host's addresses that the policy lets it have. Notes no refusal."""
    return tuple(
        address for address in addresses if decisions.admits(Connect(process, address, port, host))
    )
