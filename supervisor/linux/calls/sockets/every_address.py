"""Sockets on every address of the machine, where the policy opens no port to other machines.

Programs bind to every address (0.0.0.0, ::) without meaning anybody but themselves: listen(0) in
Node, a web server for development, gRPC. Such a bind is *performed on our copy* as it was asked, so
that getsockname(2) says what the program expects, and the socket is free to connect anywhere by
the rules. What other machines could reach is a socket that listens: before it does, it is tied to
the loopback device (SO_BINDTODEVICE, socket(7)). From then on the kernel gives it what arrives
there and nothing else, and the filter lets no program untie it.
"""

from __future__ import annotations

import socket

from nono.broker import Bind
from nono.shims.linux import sockets as kernel
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.decisions.own_addresses import loopback_like
from nono.supervisor.linux.calls.call import Call

_EVERY_ADDRESS = ("0.0.0.0", "::")


def require_bind(
    call: Call, decisions: Decisions, sock: socket.socket, host: str, port: int
) -> bool:
    """Decide on a bind to `host`, an IPv4-mapped address in its plain form, before it is made.

    True when the address is every one and only this machine may come: the socket is to be tied to
    loopback before it listens. Raises OSError when it is refused.
    """
    wide = Bind(call.caller, host, port)
    network = decisions.policy.network
    # What is no TCP, handed over by somebody, need not listen to be reached. And where all the
    # rest is allowed, whoever watches wants to know what is for other machines.
    may_be_tied = call.network is not None and sock.proto == socket.IPPROTO_TCP
    if not may_be_tied or host not in _EVERY_ADDRESS or network.rest is not None:
        decisions.require(wide)
        return False
    if port and decisions.admits(wide):
        return False
    decisions.require(Bind(call.caller, loopback_like(host), port))
    return True


def give_port(sock: socket.socket) -> None:
    """Give a socket without an address what listen(2) would: every address, a port of the kernel's.

    So that it is known what is decided on. Raises OSError.
    """
    if sock.proto != socket.IPPROTO_TCP:
        return
    host, port, *_ = sock.getsockname()
    if port == 0:
        kernel.bind(sock.fileno(), kernel.inet_address(sock.family, host, 0))
