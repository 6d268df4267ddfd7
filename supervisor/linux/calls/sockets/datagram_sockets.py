"""socket(2) of a datagram socket in the filtered mode: *performed on our copy*.

What the program gets is a socket of the sandbox's own network (`network/datagrams.py`). Where none
can be made, because the machine closes user namespaces, there is no such socket: EPROTONOSUPPORT,
which is told of as any other refusal is.
"""

from __future__ import annotations

import errno
import os
import socket

from nono.broker import Deny
from nono.broker.requests import DATAGRAMS_IPV4, DATAGRAMS_IPV6, Socket
from nono.broker.rules.rule import NO_DATAGRAMS
from nono.shims.linux.process import copies_descriptors
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.linux.calls.answers import Answer, Inject, Later
from nono.supervisor.linux.calls.call import Call, int32
from nono.supervisor.linux.network.datagrams import Datagrams


def make_datagram_socket(call: Call, decisions: Decisions, datagrams: Datagrams) -> Answer:
    """The first one of a sandbox has to wait until there is a network. Raises OSError."""
    if datagrams.is_ready:
        return _made(call, decisions, datagrams)

    async def start() -> Answer:
        import trio

        # A thread of trio's has the rights of nono, which the loop's has not.
        await trio.to_thread.run_sync(datagrams.start)
        return _made(call, decisions, datagrams)

    return Later(start, lambda: None)


def is_apart(call: Call, sock: socket.socket) -> bool:
    """True for such a socket: it is free to bind and to connect, since nothing else is there."""
    return call.network is not None and call.network.datagrams.is_own(sock)


def _made(call: Call, decisions: Decisions, datagrams: Datagrams) -> Answer:
    family, kind = int32(call.notification.a), int32(call.notification.b)
    if datagrams.refused:
        domain = DATAGRAMS_IPV6 if family == socket.AF_INET6 else DATAGRAMS_IPV4
        decisions.refuse(Socket(call.caller, domain), Deny(NO_DATAGRAMS, errno.EPROTONOSUPPORT))
    made = datagrams.make(family)
    os.set_blocking(made, not kind & socket.SOCK_NONBLOCK)
    if not copies_descriptors():
        call.own.made_sockets.keep(made, call.caller.init_pid)
    return Inject(made, bool(kind & socket.SOCK_CLOEXEC))
