"""A client that speaks SOCKS5."""

from __future__ import annotations

from typing import Final

import trio

from nono.broker.proxy.socks import Reply, handshake, reply
from nono.broker.proxy.targets import Target
from nono.supervisor.decisions.refusal import Refusal
from nono.supervisor.errors import ProxyRefusal, ResolutionError
from nono.supervisor.proxy.client import HEAD_SECONDS, Client

_REPLIES: Final[tuple[tuple[type[Exception], Reply], ...]] = (
    (Refusal, Reply.NOT_ALLOWED),
    (ResolutionError, Reply.HOST_UNREACHABLE),
    (TimeoutError, Reply.TIMED_OUT),
    (ProxyRefusal, Reply.FAILURE),
    (ConnectionRefusedError, Reply.REFUSED),
    (OSError, Reply.HOST_UNREACHABLE),
)


async def serve_socks(client: Client) -> None:
    """From its first byte to the end of its connection. Raises OSError, TooSlowError."""
    with trio.fail_after(HEAD_SECONDS):
        target = await _target(client)
    if target is None:
        return
    if not client.admit(client):
        await client.send(reply(Reply.FAILURE))
        return
    try:
        outside = await client.connected(target)
    except OSError as error:
        code = next(code for kind, code in _REPLIES if isinstance(error, kind))
        await client.send(reply(code))
        return
    if outside is None:
        return
    with outside:
        await client.send(reply(Reply.SUCCEEDED))
        await client.talk(target, outside, b"")


async def _target(client: Client) -> Target | None:
    """What it wants to reach, once it has shown the token."""
    steps = handshake(client.knows)
    try:
        step = next(steps)
        while True:
            if isinstance(step, bytes):
                await client.send(step)
                step = next(steps)
            else:
                step = steps.send(await _exactly(client.sock, step))
    except StopIteration as end:
        target: Target | None = end.value
        return target


async def _exactly(sock: trio.socket.SocketType, count: int) -> bytes:
    """So many bytes, none more. Raises OSError when there are fewer."""
    data = b""
    while len(data) < count:
        more = await sock.recv(count - len(data))
        if not more:
            raise ConnectionResetError
        data += more
    return data
