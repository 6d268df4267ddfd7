"""connect(2) where hosts are reached by nono's proxy alone.

*Performed on our copy* where it is the proxy's own port. Any other host is refused, be it allowed
or not: a program that finds the proxy gets there by it, and one that does not is told of.
"""

from __future__ import annotations

import contextlib
import errno
import socket
from typing import NoReturn

from nono.broker import Connect, ConnectHost, Deny
from nono.broker.rules.rule import PAST_PROXY
from nono.shims.linux import sockets as kernel
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.decisions.services import PROXY_ADDRESS as PROXY_ADDRESS
from nono.supervisor.linux.calls.answers import Answer
from nono.supervisor.linux.calls.call import Call
from nono.supervisor.linux.calls.sockets.connecting import perform_connect
from nono.supervisor.linux.network.proxy_clients import ProxyClients, recorded

_HERE = ("127.0.0.1", "::1", "0.0.0.0", "::")
"""What `localhost` means to programs. Its ports are decided one by one, as everywhere."""


def is_past_proxy(address: str) -> bool:
    """Whether an address, an IPv4-mapped one in its plain form, is one of another host."""
    return address not in _HERE


def refuse(call: Call, decisions: Decisions, name: str | None, address: str, port: int) -> NoReturn:
    """Refuse what a program connects to by itself; `name` if it is known. Raises OSError."""
    process = recorded(call.caller)
    request = Connect(process, address, port) if name is None else ConnectHost(process, name, port)
    decisions.refuse(request, Deny(PAST_PROXY, errno.ECONNREFUSED))


def connect_to_proxy(
    call: Call,
    clients: ProxyClients,
    held: contextlib.ExitStack,
    sock: socket.socket,
    port: int,
) -> Answer:
    """To nono's proxy, which is told whose connection it is. Raises OSError."""
    with clients.noting(sock, call.caller):
        return perform_connect(
            call, held, sock, kernel.inet_address(sock.family, PROXY_ADDRESS, port)
        )
