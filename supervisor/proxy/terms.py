"""What a proxy serves by: who may use it, and what decides where they may go."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from nono.broker import Process
from nono.broker.requests import NOBODY
from nono.supervisor.faults import Faults

if TYPE_CHECKING:
    from nono.broker import Connect, ConnectHost
    from nono.supervisor.decisions.decide import Decisions
    from nono.supervisor.network.upstream_proxy import UpstreamProxy

    Permit = Callable[[Connect | ConnectHost], Awaitable[Process]]
    Who = Callable[[tuple[str, int]], Process]

NAME = "nono"
"""What clients call themselves; the password is the token."""


class Terms:
    """Of one proxy. `port` is where it listens."""

    def __init__(
        self, port: int, nameservers: Sequence[tuple[str, int]], upstream: UpstreamProxy | None
    ) -> None:
        self.port = port
        self.nameservers = nameservers
        self.upstream = upstream
        self.token = secrets.token_urlsafe(32)
        """Whoever has it may use the proxy: the sandbox alone."""
        self.faults = Faults(lambda text: text.replace(self.token, "(token)"))
        self.permit: Permit | None = None
        """`Asking.permit`: asks a person while the connection waits; None where nobody is asked."""
        self.who: Who = _nobody
        """Who has the other end of a connection, by its address and port."""
        self._decisions: Decisions | None = None

    @property
    def decisions(self) -> Decisions:
        """What it decides by, which it has to be told before it is served."""
        if self._decisions is None:
            raise RuntimeError("the proxy was not told what it decides by")
        return self._decisions

    def decide_by(self, decisions: Decisions) -> None:
        self._decisions = decisions


def _nobody(_: tuple[str, int]) -> Process:
    """Where the platform does not tell whose a connection is."""
    return NOBODY
