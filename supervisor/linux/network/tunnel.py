"""A connection by name through the supervisor: reach the host, check its name in TLS, move bytes.

*Performed on our copy*: the program's own socket is connected to us and to nobody else, and which
host it gets was decided on our copy of the name. It cannot be connected to the host itself where
its family has no address of the host's, before the address is known, and where somebody has to
look at what is sent first.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Awaitable, Callable

import trio

from nono.broker import Process
from nono.broker.dataclass import dataclass
from nono.shims.linux.sockets import RESET
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.errors import NoAnswer
from nono.supervisor.linux.network.parking import Parked
from nono.supervisor.linux.network.relay import relay
from nono.supervisor.linux.network.service import NetworkService
from nono.supervisor.network.server_name import checked_hello

_CHECK_SECONDS = 0.25
_MAX_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Tunnel:
    """One connection, from the program's connect(2) to its end."""

    network: NetworkService
    decisions: Decisions
    process: Process
    host: str
    port: int
    parked: Parked
    reach: Callable[[Parked], Awaitable[trio.socket.SocketType]]
    """Makes our connection to the host. Raises OSError."""

    async def run(self) -> None:
        """Until both sides have closed, or the program gives up before."""
        try:
            outside = await self._reach()
            inside = None if outside is None else self._join(outside)
            if outside is None or inside is None:
                await self._refuse()
                return
            self.parked.close()
            with outside, inside, contextlib.suppress(OSError):
                await self._talk(inside, outside)
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Give back what it holds, also instead of `run`."""
        self.parked.close()
        self.network.tunnels.release()

    def _join(self, outside: trio.socket.SocketType) -> trio.socket.SocketType | None:
        """Our end of the program's connection. When it does not want it, `outside` is closed."""
        with contextlib.suppress(OSError):
            # In place of one that is gone, a server of somebody else's could be at its address.
            if self.parked.is_wanted:
                return trio.socket.from_stdlib_socket(self.parked.join())
        outside.close()
        return None

    async def _refuse(self) -> None:
        """Let the program know, and keep the parking place as long as its socket is on the way."""
        with contextlib.suppress(OSError):
            self.parked.refuse()
        with trio.move_on_after(_MAX_SECONDS):
            while self.parked.is_wanted:
                await trio.sleep(_CHECK_SECONDS)

    async def _reach(self) -> trio.socket.SocketType | None:
        """Our connection to the host; None when there is none, or it is not wanted any more."""
        outside: trio.socket.SocketType | None = None
        with trio.move_on_after(_MAX_SECONDS) as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._cancel_when_unwanted, scope)
                try:
                    outside = await self.reach(self.parked)
                except NoAnswer:
                    pass  # its own look-up would have failed after as long: resolv.conf(5)
                except TimeoutError:
                    # A dead host: how long to wait is the program's own decision.
                    await trio.sleep_forever()
                except OSError:
                    pass
                nursery.cancel_scope.cancel()
        return outside

    async def _cancel_when_unwanted(self, scope: trio.CancelScope) -> None:
        while self.parked.is_wanted:
            await trio.sleep(_CHECK_SECONDS)
        scope.cancel()

    async def _talk(self, inside: trio.socket.SocketType, outside: trio.socket.SocketType) -> None:
        await trio.lowlevel.wait_writable(inside)
        if inside.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            return  # the program gave up
        hello = b""
        if self.decisions.policy.network.checks_name(self.host, self.port):
            try:
                hello = await checked_hello(
                    self.decisions, self.process, self.host, self.port, inside, outside
                )
            except OSError:
                inside.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                raise
            if not hello:
                return
        await relay(inside, outside, hello)
