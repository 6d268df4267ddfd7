"""The network of one sandbox in the filtered mode: its names, its DNS stub, its way to hosts."""

from __future__ import annotations

import os
import resource
import threading
from _socket import AF_INET, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET, socket
from collections.abc import Sequence

from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.faults import Faults
from nono.supervisor.linux.network.datagrams import Datagrams
from nono.supervisor.linux.network.handed_clients import HandedClients
from nono.supervisor.linux.network.proxy_clients import ProxyClients
from nono.supervisor.linux.network.stub_clients import StubClients
from nono.supervisor.linux.network.synthetic_names import SyntheticNames
from nono.supervisor.network.way_out import WayOut

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from nono.supervisor.network.upstream_proxy import UpstreamProxy

_BACKLOG = 128
_MAX_TUNNELS = 2048


class NetworkService(WayOut):
    """Made before the program starts; served once trio runs. Close it at the end.

    `serve` is for trio's thread; the rest is for any, but for what `WayOut` says otherwise.
    """

    def __init__(
        self,
        nameservers: Sequence[tuple[str, int]] = (),
        proxy: UpstreamProxy | None = None,
        own_proxy: int | None = None,
    ) -> None:
        """`proxy` is what hosts are reached through that the policy knows by name. `own_proxy` is
        the port of nono's, where hosts are reached by that alone."""
        super().__init__(nameservers, proxy)
        self.names = SyntheticNames()
        self.own_proxy = own_proxy
        self.proxy_clients = ProxyClients()
        """Whose the connections to nono's proxy are."""
        self.tunnels = threading.BoundedSemaphore(_max_tunnels())
        """One for each connection that goes through the supervisor."""
        self.datagrams = Datagrams(self._answer_datagram)
        self.stub_clients = StubClients()
        """Whom the DNS stub answers."""
        self.handed_clients = HandedClients()
        """Those whom the lane in C has led to itself, and does not understand."""
        self._stub = socket(AF_INET, SOCK_STREAM)
        """Of the interpreter's own kind: see `launch.protocol.open_pair`."""
        self._stub.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        self._stub.bind(("127.0.0.1", 0))
        self._stub.listen(_BACKLOG)

    def _answer_datagram(self, message: bytes) -> bytes | None:
        # What only a run needs in which a name is asked for so.
        from nono.supervisor.linux.network.name_datagrams import answer

        return answer(message, self.names)

    @property
    def stub_port(self) -> int:
        """Where the DNS stub listens on 127.0.0.1."""
        port: int = self._stub.getsockname()[1]
        return port

    def wakes(self) -> tuple[int, ...]:
        """Descriptors that can be read when somebody wants to look up a name."""
        return self._stub.fileno(), self.handed_clients.wakes()

    async def serve(self, faults: Faults, decisions: Decisions) -> None:
        """Answer look-ups until cancelled. May run in several tasks at once."""
        import socket  # as trio does, with which nobody has waited until then

        from nono.supervisor.linux.network import dns_stub
        from nono.supervisor.linux.network.dns_records import Records

        def on_loopback(host: str) -> tuple[str, ...]:
            is_named = decisions.policy.network.restricts_host(host)
            return () if is_named else self.resolver.on_loopback(host)

        self.names.on_loopback = on_loopback
        records = Records(decisions, self.resolver)
        with socket.socket(fileno=os.dup(self._stub.fileno())) as listener:
            admits, handed = self.stub_clients.admits, self.handed_clients
            await dns_stub.serve(listener, self.names, admits, faults, records, handed)

    def close(self) -> None:
        self._stub.close()
        self.handed_clients.close()
        self.datagrams.close()


def _max_tunnels() -> int:
    """Each has up to eight descriptors of ours; the limit is raised to the hard one later."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MAX_TUNNELS if hard == resource.RLIM_INFINITY else min(_MAX_TUNNELS, hard // 16)
