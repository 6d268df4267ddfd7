"""The proxy of one sandbox: HTTP CONNECT, plain HTTP and SOCKS5 on one port of 127.0.0.1.

*Performed on our copy*: what a client wants to reach is read whole, decided as a connect by name
is, and connected to by us. The program has a connection to us and to nobody else.

It is for platforms whose kernels know no hosts, and for runs without a broker. What keeps a program
to this port is the platform's.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from nono.supervisor.decisions.services import PROXY_ADDRESS
from nono.supervisor.proxy.terms import NAME, Terms

if TYPE_CHECKING:
    from nono.supervisor.decisions.decide import Decisions
    from nono.supervisor.network.upstream_proxy import UpstreamProxy
    from nono.supervisor.proxy.terms import Permit, Who

_BACKLOG = 512


class NetworkProxy:
    """Made before the program starts, so that its port can be opened; served once trio runs.

    Between the two it is told what it decides by. Close it at the end.
    """

    def __init__(
        self,
        nameservers: Sequence[tuple[str, int]] = (),
        upstream: UpstreamProxy | None = None,
        local: bool = True,
    ) -> None:
        """`nameservers` are asked for hosts instead of the machine's own, and `upstream` is what
        they are reached through, if anything: as a `Plan` has them. `local`: ports of this machine
        are reached without the proxy."""
        self._local = local
        self._listener = socket.create_server((PROXY_ADDRESS, 0), backlog=_BACKLOG)
        self.terms = Terms(self.port, nameservers, upstream)

    @property
    def port(self) -> int:
        """Where it listens, on 127.0.0.1."""
        port: int = self._listener.getsockname()[1]
        return port

    def decide_by(
        self, decisions: Decisions, permit: Permit | None = None, who: Who | None = None
    ) -> None:
        """`permit` is `Asking.permit`, where a person is asked while a connection waits. `who`
        tells whose a connection is, by the other end's address and port."""
        self.terms.decide_by(decisions)
        self.terms.permit = permit
        if who is not None:
            self.terms.who = who

    def environment(self, env: Mapping[str, str]) -> dict[str, str]:
        """What the program gets of these variables, and those by which clients find the proxy."""
        from nono.supervisor.proxy.environment import variables

        url = f"http://{NAME}:{self.terms.token}@{PROXY_ADDRESS}:{self.port}"
        return {**env, **variables(url, local=self._local)}

    def listen_at(self, fd: int) -> None:
        """Take a socket that listens at the same port elsewhere in place of the own one."""
        self._listener.close()
        self._listener = socket.socket(fileno=fd)

    @property
    def faults(self) -> list[str]:
        """Tracebacks of what failed in our own code; each such connection was closed."""
        return self.terms.faults.texts

    def wakes(self) -> int:
        """A descriptor that can be read when somebody comes."""
        return self._listener.fileno()

    async def serve(self) -> None:
        """Serve clients until cancelled."""
        from nono.supervisor.proxy.server import serve

        await serve(self._listener, self.terms)

    def close(self) -> None:
        """Nobody can connect any more."""
        with contextlib.suppress(OSError):
            self._listener.close()
