"""Two connected sockets made one, on any platform: what comes in at one goes out at the other."""

from __future__ import annotations

import contextlib
import socket
import struct
from typing import Final

import trio

from nono.supervisor.nursery import open_nursery

IDLE_SECONDS: Final = 4 * 3600.0
"""How long nothing may come from either side."""

_CHUNK: Final = 1 << 16
_RESET: Final = struct.pack("ii", 1, 0)
"""struct linger: closing sends a RST (socket(7))."""


async def carry(
    inside: trio.socket.SocketType, outside: trio.socket.SocketType, first: bytes = b""
) -> None:
    """Send `first` to `outside`, then move bytes both ways until both directions have ended.

    A half-close is passed on. When one side fails, both get a RST: nobody takes a part of what was
    sent for the whole. Both sockets are closed in the end; a peer's failure raises nothing.
    """
    both = _Both()
    try:
        for sock in (inside, outside):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        async with open_nursery() as nursery:
            both.scope = nursery.cancel_scope
            both.heard()
            nursery.start_soon(both.direction, inside, outside, first)
            nursery.start_soon(both.direction, outside, inside, b"")
    except OSError:
        pass
    finally:
        for sock in (inside, outside):
            if both.ended < 2:
                reset(sock)
            sock.close()


def reset(sock: trio.socket.SocketType) -> None:
    """Let the other side be told, once this one is closed, that it was no regular end."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)


class _Both:
    """What the two directions of a connection know of each other."""

    scope: trio.CancelScope

    def __init__(self) -> None:
        self.ended = 0
        self._broken = False

    def heard(self) -> None:
        self.scope.deadline = trio.current_time() + IDLE_SECONDS

    async def direction(
        self, source: trio.socket.SocketType, target: trio.socket.SocketType, data: bytes
    ) -> None:
        try:
            while True:
                if data and not await self._send(target, data):
                    return
                data = await source.recv(_CHUNK)
                self.heard()
                if not data:
                    break
            if not self._broken:
                target.shutdown(socket.SHUT_WR)
                self.ended += 1
        except OSError:
            self.scope.cancel()

    async def _send(self, target: trio.socket.SocketType, data: bytes) -> bool:
        """False when the target is gone.

        What it said before is still read by the other direction, which then finds the end.
        """
        view = memoryview(data)
        try:
            while view:
                view = view[await target.send(view) :]
                self.heard()
        except OSError:
            self._broken = True
            return False
        return True
