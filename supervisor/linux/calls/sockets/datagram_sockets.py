"""socket(2) of a datagram socket in the filtered mode: *performed on our copy*.

What the program gets is a socket of the sandbox's own network (`network/datagrams.py`). Where none
can be made, because the machine closes user namespaces, there is no such socket: EPROTONOSUPPORT.
"""

from __future__ import annotations

import os
import socket

from nono.shims.linux.process import copies_descriptors
from nono.supervisor.linux.calls.answers import Answer, Inject, Later
from nono.supervisor.linux.calls.call import Call, int32
from nono.supervisor.linux.network.datagrams import Datagrams


def make_datagram_socket(call: Call, datagrams: Datagrams) -> Answer:
    """The first one of a sandbox has to wait until there is a network. Raises OSError."""
    if datagrams.is_ready:
        return _made(call, datagrams)

    async def start() -> Answer:
        import trio

        # A thread of trio's has the rights of nono, which the loop's has not.
        await trio.to_thread.run_sync(datagrams.start)
        return _made(call, datagrams)

    return Later(start, lambda: None)


def is_apart(call: Call, sock: socket.socket) -> bool:
    """True for such a socket: it is free to bind and to connect, since nothing else is there."""
    return call.network is not None and call.network.datagrams.is_own(sock)


def _made(call: Call, datagrams: Datagrams) -> Answer:
    family, kind = int32(call.notification.a), int32(call.notification.b)
    made = datagrams.make(family)
    os.set_blocking(made, not kind & socket.SOCK_NONBLOCK)
    if not copies_descriptors():
        call.own.made_sockets.keep(made, call.caller.init_pid)
    return Inject(made, bool(kind & socket.SOCK_CLOEXEC))
