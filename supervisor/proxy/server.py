"""The proxy's server: connections from anybody on this machine, and who of them may use it.

Every user of the machine can connect to a port of loopback. Without the token nothing is done for
them, and what they can hold up is bounded: they have ten seconds to show it, and where too many
connections have not, the oldest is closed.
"""

from __future__ import annotations

import contextlib
import resource
import socket
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

import trio

from nono.supervisor.nursery import open_nursery
from nono.supervisor.proxy.by_http import serve_http
from nono.supervisor.proxy.by_socks import serve_socks
from nono.supervisor.proxy.client import Client
from nono.supervisor.proxy.reach import Reach

if TYPE_CHECKING:
    from nono.supervisor.proxy.terms import Terms

MAX_UNKNOWN: Final = 128
"""Connections that have not shown the token."""
MAX_CLIENTS: Final = 1024
"""Connections that have."""

_SOCKS: Final = b"\x05"


class Room:
    """Who is here. `known` and `unknown` are connections, the oldest first."""

    def __init__(self) -> None:
        self._unknown: OrderedDict[Client, trio.CancelScope] = OrderedDict()
        self._known: set[Client] = set()
        self._max_known = _max_clients()

    def enter(self, client: Client, scope: trio.CancelScope) -> None:
        while len(self._unknown) >= MAX_UNKNOWN:
            self._unknown.popitem(last=False)[1].cancel()
        self._unknown[client] = scope

    def admit(self, client: Client) -> bool:
        """It has shown the token. False when there is no room for another."""
        if client not in self._known:
            if len(self._known) >= self._max_known:
                return False
            self._unknown.pop(client, None)
            self._known.add(client)
        return True

    def leave(self, client: Client) -> None:
        self._unknown.pop(client, None)
        self._known.discard(client)


async def serve(listener: socket.socket, terms: Terms) -> None:
    """Serve until cancelled."""
    reach = Reach(terms)
    room = Room()
    own = trio.socket.from_stdlib_socket(listener.dup())
    with own:
        async with open_nursery() as nursery:
            while True:
                sock, peer = await _accept(own)
                client = Client(sock, terms, reach, peer[:2], room.admit)
                nursery.start_soon(_serve_one, client, room, terms)


async def _accept(
    listener: trio.socket.SocketType,
) -> tuple[trio.socket.SocketType, tuple[str, int]]:
    while True:
        try:
            return await listener.accept()
        except OSError:  # no descriptor left, or the client is gone already
            await trio.sleep(0.1)


async def _serve_one(client: Client, room: Room, terms: Terms) -> None:
    try:
        with trio.CancelScope() as scope:
            room.enter(client, scope)
            if await client.peek() == _SOCKS:
                await serve_socks(client)
            else:
                await serve_http(client)
    except (OSError, trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError):
        pass
    except Exception:
        terms.faults.note()
    finally:
        room.leave(client)
        with contextlib.suppress(OSError):
            client.sock.close()


def _max_clients() -> int:
    """Each has two descriptors of ours, and connections that are raced for have more."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MAX_CLIENTS if hard == resource.RLIM_INFINITY else min(MAX_CLIENTS, hard // 8)
