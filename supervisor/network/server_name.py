"""The first bytes of a connection by name: on the port of TLS they have to name that host."""

from __future__ import annotations

import socket

import trio

from nono.broker import Process, ServerName
from nono.broker.network.client_hello import Hello, HelloReader, NotTls
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.nursery import open_nursery

_CHUNK = 1 << 14


async def checked_hello(
    decisions: Decisions,
    process: Process,
    host: str,
    port: int,
    inside: trio.socket.SocketType,
    outside: trio.socket.SocketType,
    data: bytes = b"",
) -> bytes:
    """The first bytes, which name the host; none if one side ends before there are any.

    `data` was read from `inside` before. Raises OSError when they do not name it.
    """
    reader = HelloReader()
    result = reader.feed(data) if data else None
    if result is None:
        async with open_nursery() as nursery:
            nursery.start_soon(_cancel_when_closed, outside, nursery.cancel_scope)
            while result is None and (more := await inside.recv(_CHUNK)):
                data += more
                result = reader.feed(more)
            nursery.cancel_scope.cancel()
    if data:
        decisions.require(_server_name(process, host, port, result))
    return data


def _server_name(
    process: Process, host: str, port: int, hello: Hello | NotTls | None
) -> ServerName:
    if not isinstance(hello, Hello):
        return ServerName(process, host, port, None)
    return ServerName(process, host, port, hello.server_name, hello.encrypted)


async def _cancel_when_closed(outside: trio.socket.SocketType, scope: trio.CancelScope) -> None:
    """A host that speaks first is not listened to before the program has spoken."""
    await trio.lowlevel.wait_readable(outside)
    if not await outside.recv(1, socket.MSG_PEEK):
        scope.cancel()
