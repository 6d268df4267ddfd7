"""connect(2) to a synthetic address, which means a host by its name: *performed on our copy*.

Decided is the name, and then each address that it resolves to. The program's own socket is
connected to the host if that has one address, which is known or which a socket that blocks can
wait for; otherwise, and always where the name in TLS is checked, a tunnel is (`tunnel.py`).
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from nono.broker import ConnectHost
from nono.broker.dataclass import dataclass
from nono.shims.linux import sockets as kernel
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.errors import failure
from nono.supervisor.linux.calls.answers import DONE, Answer, Fail, Later
from nono.supervisor.linux.calls.call import Call
from nono.supervisor.linux.calls.sockets.connecting import (
    deadline_of,
    interrupted,
    nowhere,
    perform_connect,
    start_connect,
    trio_time,
    until_connected,
)
from nono.supervisor.linux.network.parking import Parked
from nono.supervisor.linux.network.service import NetworkService
from nono.supervisor.network.way_out import allowed_addresses

if TYPE_CHECKING:
    import trio

    Reach = Callable[[Parked], Awaitable[trio.socket.SocketType]]


def connect_by_name(
    call: Call,
    decisions: Decisions,
    network: NetworkService,
    held: contextlib.ExitStack,
    sock: socket.socket,
    host: str,
    port: int,
) -> Answer:
    """connect(2) of the caller's socket, of which `sock` is our copy. Raises OSError."""
    decisions.require(ConnectHost(call.caller, host, port))
    if kernel.tcp_state(sock) != kernel.TCP_CLOSE:
        # Only the state of the earlier attempt is asked for, whatever the address.
        return perform_connect(call, held, sock, nowhere(sock))
    attempt = _Attempt(call, decisions, network, sock, host, port)
    call.ensure_waiting()
    if not os.get_blocking(sock.fileno()):
        return attempt.start()
    deadline = deadline_of(sock)
    return Later(
        lambda: attempt.finish(deadline),
        held.pop_all().close,
        lambda: attempt.interrupted(deadline),
    )


@dataclass(slots=True)
class _Attempt:
    call: Call
    decisions: Decisions
    network: NetworkService
    sock: socket.socket
    host: str
    port: int
    started: bool = False

    def start(self) -> Answer:
        """For a socket that does not block: begin, and leave the rest to the kernel or a tunnel."""
        known = None if self._is_tunnelled else self.network.known(self.host)
        direct = self._direct(self._allowed(known)) if known else None
        if direct is not None:
            kernel.connect(self.sock.fileno(), direct)
            return DONE
        self._open_tunnel()
        return Fail(errno.EINPROGRESS)

    async def finish(self, deadline: float) -> Answer:
        """For a socket that blocks: resolve, connect, and wait. Raises OSError."""
        if self._is_tunnelled:
            self._open_tunnel()
            return await until_connected(self.sock, deadline)
        import trio

        with trio.move_on_at(trio_time(deadline)):
            addresses = await self.network.permitted(
                self.decisions, self.call.caller, self.host, self.port
            )
            return await self._connect_to(addresses, deadline)
        self._let_go()
        return Fail(errno.EINPROGRESS)

    async def _connect_to(self, addresses: tuple[str, ...], deadline: float) -> Answer:
        direct = self._direct(addresses)
        if direct is None:
            self._open_tunnel()
        else:
            self.started = True
            if not start_connect(self.sock, direct):
                return DONE
        return await until_connected(self.sock, deadline)

    def interrupted(self, deadline: float) -> Answer:
        """For a caller with a signal to handle."""
        self._let_go()
        return interrupted(deadline)

    def _let_go(self) -> None:
        """The caller goes on while the connect does, so from here on it is not waited for."""
        if not self.started:
            self._open_tunnel()

    def _open_tunnel(self) -> None:
        """Let the socket wait for a tunnel."""
        caller, host, port = self.call.caller, self.host, self.port
        network, decisions = self.network, self.decisions

        def reach(_: Parked) -> Awaitable[trio.socket.SocketType]:
            return network.reach(decisions, caller, host, port)

        open_tunnel(self.call, decisions, network, self.sock, host, port, reach)
        self.started = True

    @property
    def _is_tunnelled(self) -> bool:
        """True where the name in TLS is looked at, and where a proxy is the way."""
        return self.decisions.policy.network.checks_name(
            self.host, self.port
        ) or self.network.is_proxied(self.decisions, self.host, self.port)

    def _allowed(self, addresses: tuple[str, ...]) -> tuple[str, ...]:
        caller = self.call.caller
        return allowed_addresses(self.decisions, caller, self.host, self.port, addresses)

    def _direct(self, addresses: tuple[str, ...]) -> bytes | None:
        """The one address, as a sockaddr that the socket itself can be connected to.

        None when it is of another family, and when there are several: any of them may be dead, so
        a tunnel races for them.
        """
        if len(addresses) == 1:
            with contextlib.suppress(ValueError):
                return kernel.inet_address(self.sock.family, addresses[0], self.port)
        return None


def open_tunnel(
    call: Call,
    decisions: Decisions,
    network: NetworkService,
    sock: socket.socket,
    host: str,
    port: int,
    reach: Reach,
) -> None:
    """Let the caller's socket wait for a connection that `reach` makes. Raises OSError."""
    from nono.supervisor.linux.network.tunnel import Tunnel

    if not network.tunnels.acquire(blocking=False):
        raise failure(errno.ENOBUFS)
    try:
        parked = Parked(sock, "::1" if host == "::1" else "127.0.0.1")
    except BaseException:
        network.tunnels.release()
        raise
    tunnel = Tunnel(network, decisions, call.caller, host, port, parked, reach)
    call.background.start(tunnel.run, tunnel.abandon)
