"""Ports of this machine that only the sandbox listens on: its own, as long as that is so.

Whoever listens on a port may stop, and another take it: so it is looked at right before each
attempt to connect, and again after it. The sockets that listen are known by their cookies; where
they are the sandbox's before, and nobody else's after, the sandbox was reached, and otherwise the
connection is taken back. So is at once an attempt whose SYN nobody has answered: the kernel would
repeat it for minutes, whoever listens by then. On this machine only a full queue is a reason for
that (listen(2), tcp(7)), so what has to wait tries again later, and all of it is decided anew.
"""

from __future__ import annotations

import errno
import select
import socket
import time
from typing import TYPE_CHECKING

from nono.broker.dataclass import dataclass
from nono.shims.linux import inet_diag
from nono.shims.linux import sockets as kernel
from nono.shims.linux.sockets import not_blocking
from nono.supervisor.errors import failure
from nono.supervisor.linux.calls.own.own_objects import OwnObjects

if TYPE_CHECKING:
    import trio

    from nono.supervisor.linux.network.parking import Parked

EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""What is meant by a socket on every address -> where it is reached on loopback."""

GIVEN_UP_SECONDS = 127.0
"""How long the kernel tries by default: tcp_syn_retries in tcp(7)."""

_ANSWER_MILLISECONDS = 1
_FIRST_SECONDS = 0.001
_LAST_SECONDS = 0.05
UNSPECIFIED = bytes(16)
"""An address of AF_UNSPEC, which a socket is connected to no more by: connect(2)."""


@dataclass(frozen=True, slots=True)
class OwnPort:
    """A loopback address and a port on it."""

    own: OwnObjects
    host: str
    port: int

    def listeners(self) -> frozenset[int]:
        """The cookies of what listens there; none when some of it is not the sandbox's.

        None also where the kernel does not tell. Raises ECONNREFUSED when nothing listens.
        """
        try:
            listening = inet_diag.listening(self.port)
        except OSError:
            return frozenset()
        reached = frozenset(
            each.cookie
            for each in listening
            if each.address == self.host or each.address in EVERY_ADDRESS
        )
        if not reached:
            raise failure(errno.ECONNREFUSED)
        return reached if all(map(self.own.is_own_socket, reached)) else frozenset()

    def attempt(self, sock: socket.socket, *, decided: bool = False) -> bool:
        """Connect a TCP socket that is not connected, now; False when there is no room for it.

        The socket is then as before, or, with the connection made, as after a connect(2) that does
        not block. Never waits. `decided` says that who listens was looked at just now. Raises
        OSError: ECONNREFUSED when it is nobody's port or somebody else's.
        """
        if not decided and not self.listeners():
            raise failure(errno.ECONNREFUSED)
        if not _connect_at_once(sock, kernel.inet_address(sock.family, self.host, self.port)):
            return False
        if self._is_anothers():
            kernel.connect(sock.fileno(), UNSPECIFIED)
            raise failure(errno.ECONNREFUSED)
        return True

    def _is_anothers(self) -> bool:
        """True when somebody else listens by now. A server for one client has closed already."""
        try:
            return not self.listeners()
        except OSError:
            return False

    async def reach(self, parked: Parked) -> trio.socket.SocketType:
        """A connection of our own to it, as soon as there is room, while it is wanted.

        Raises OSError.
        """
        import trio

        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            sock.setblocking(False)
            deadline, pause = time.monotonic() + GIVEN_UP_SECONDS, _FIRST_SECONDS
            while not parked.is_wanted or not self.attempt(sock):
                if time.monotonic() >= deadline:
                    raise failure(errno.ETIMEDOUT)
                await trio.sleep(pause)
                pause = min(2 * pause, _LAST_SECONDS)
            return trio.socket.from_stdlib_socket(sock)
        except BaseException:
            sock.close()
            raise


def _connect_at_once(sock: socket.socket, address: bytes) -> bool:
    """True when the connection is made; False when it is not, and the attempt is taken back."""
    with not_blocking(sock):
        try:
            kernel.connect(sock.fileno(), address)
        except BlockingIOError:
            if kernel.tcp_state(sock) == kernel.TCP_SYN_SENT:
                # The processor that carries the answer may be a busy one.
                poll = select.poll()
                poll.register(sock, select.POLLOUT)
                poll.poll(_ANSWER_MILLISECONDS)
    state = kernel.tcp_state(sock)
    if state not in (kernel.TCP_SYN_SENT, kernel.TCP_CLOSE):
        return True
    error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    kernel.connect(sock.fileno(), UNSPECIFIED)
    if state == kernel.TCP_CLOSE:
        raise failure(error or errno.ECONNREFUSED)
    return False
