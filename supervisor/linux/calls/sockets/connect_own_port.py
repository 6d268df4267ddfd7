"""connect(2) to a port of the sandbox's own: *performed on our copy*, each attempt decided anew.

What cannot be connected at once waits here, as long as the program does. When it does not, its
socket is parked (`parking.py`), and we go on for it: see `own_ports.py` for what is decided.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import time

from nono.broker.dataclass import dataclass
from nono.shims.linux import sockets as kernel
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.errors import failure
from nono.supervisor.linux.calls.answers import DONE, Answer, Fail
from nono.supervisor.linux.calls.call import Call
from nono.supervisor.linux.calls.own.own_ports import GIVEN_UP_SECONDS, OwnPort
from nono.supervisor.linux.calls.sockets.connect_by_name import open_tunnel
from nono.supervisor.linux.calls.sockets.connecting import (
    deadline_of,
    finish_connect,
    interrupted,
    nowhere,
    perform_connect,
)
from nono.supervisor.linux.calls.stalling import may_stall
from nono.supervisor.linux.network.service import NetworkService


def connect_own_port(
    call: Call,
    decisions: Decisions,
    network: NetworkService,
    held: contextlib.ExitStack,
    sock: socket.socket,
    port: OwnPort,
) -> Answer:
    """connect(2) of the caller's socket, of which `sock` is our copy. Raises OSError."""
    if kernel.tcp_state(sock) != kernel.TCP_CLOSE:
        # Only the state of the earlier attempt is asked for, whatever the address.
        return perform_connect(call, held, sock, nowhere(sock))
    call.ensure_waiting()
    waiting = _Waiting(call, decisions, network, sock, port)
    if not os.get_blocking(sock.fileno()):
        if not port.attempt(sock, decided=True):
            waiting.let_go()
        return Fail(errno.EINPROGRESS)
    deadline = deadline_of(sock)
    given_up = time.monotonic() + GIVEN_UP_SECONDS

    def attempt(decided: bool = False) -> Answer | None:
        if port.attempt(sock, decided=decided):
            finish_connect(sock)
            return DONE
        now = time.monotonic()
        if now >= given_up:
            raise failure(errno.ETIMEDOUT)
        if now >= deadline:
            waiting.let_go()
            return Fail(errno.EINPROGRESS)
        return None

    answer = attempt(decided=True)
    if answer is not None:
        return answer
    return may_stall(attempt, held.pop_all().close, lambda: waiting.interrupted(deadline))


@dataclass(frozen=True, slots=True)
class _Waiting:
    call: Call
    decisions: Decisions
    network: NetworkService
    sock: socket.socket
    port: OwnPort

    def interrupted(self, deadline: float) -> Answer:
        """For a caller with a signal to handle."""
        self.let_go()
        return interrupted(deadline)

    def let_go(self) -> None:
        """The caller goes on while the connect does, so from here on it is not waited for."""
        host, port = self.port.host, self.port.port
        open_tunnel(self.call, self.decisions, self.network, self.sock, host, port, self.port.reach)
