"""Two connected TCP sockets made one: what comes in at one goes out at the other.

The bytes stay in the kernel: splice(2) moves them from a socket into a pipe and from there into
the other socket. Each direction has a pipe only while bytes are on their way, so that an idle
connection costs two descriptors; a pipe for each burst costs 4 microseconds of the 50 or more
that waking up costs.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
from collections.abc import Iterator
from typing import Final

import trio

from nono.shims.linux.sockets import RESET
from nono.supervisor.nursery import open_nursery

PIPE_BYTES: Final = 256 * 1024
"""What one direction holds at most besides the sockets' own buffers."""

_FLAGS: Final = os.SPLICE_F_MOVE | os.SPLICE_F_NONBLOCK


async def relay(
    inside: trio.socket.SocketType, outside: trio.socket.SocketType, first: bytes = b""
) -> None:
    """Send `first` to `outside`, then move bytes both ways until both directions have ended.

    A half-close is passed on. When one side fails, or the relay is cancelled, both get a RST:
    nobody takes a part of what was sent for the whole. Both sockets are closed in the end; a
    peer's failure raises nothing.
    """
    connection = _Connection()
    try:
        async with open_nursery() as nursery:
            scope = nursery.cancel_scope
            nursery.start_soon(connection.carry, inside, outside, first, scope)
            nursery.start_soon(connection.carry, outside, inside, b"", scope)
    finally:
        for sock in (inside, outside):
            if connection.directions_ended < 2:
                with contextlib.suppress(OSError):
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            sock.close()


class _Connection:
    """What its two directions know of each other."""

    def __init__(self) -> None:
        self.directions_ended = 0
        self._broken = False

    async def carry(
        self,
        source: trio.socket.SocketType,
        target: trio.socket.SocketType,
        first: bytes,
        scope: trio.CancelScope,
    ) -> None:
        """One direction, to its end. `scope` is cancelled when nothing can follow."""
        try:
            # Each sender decided already when to send: waiting for more here would only add to it.
            target.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if first:
                await _send(target, first)
            while await _move_burst(source, target):
                pass
            if not self._broken:
                target.shutdown(socket.SHUT_WR)
                self.directions_ended += 1
        except _Undeliverable:
            # The target is gone; what it said before (an answer to half of an upload) is still
            # read by the other direction, which then finds the end.
            self._broken = True
        except OSError:
            scope.cancel()


class _Undeliverable(Exception):
    """The target of a direction has failed, not its source."""


async def _send(target: trio.socket.SocketType, data: bytes) -> None:
    with _pipe() as (reader, writer):
        while data:
            count = os.write(writer, data)
            await _deliver(reader, target, count)
            data = data[count:]


async def _move_burst(source: trio.socket.SocketType, target: trio.socket.SocketType) -> bool:
    """Wait for bytes and move what is there; False at the end of the stream."""
    await trio.lowlevel.wait_readable(source)
    with _pipe() as (reader, writer):
        try:
            while count := os.splice(source.fileno(), writer, PIPE_BYTES, flags=_FLAGS):
                await _deliver(reader, target, count)
                # A fast source and a fast target never wait: the others have their turn here.
                await trio.lowlevel.checkpoint()
        except BlockingIOError:
            return True  # of the source: the pipe is empty each time
        return False


async def _deliver(reader: int, target: trio.socket.SocketType, count: int) -> None:
    """Empty the pipe into the target; nothing more is read before.

    Nothing else runs between the target's error and what follows from it: the kernel tells of a
    RST once, and then the other direction sees what looks like a clean end.
    """
    try:
        while count:
            try:
                count -= os.splice(reader, target.fileno(), count, flags=_FLAGS)
            except BlockingIOError:
                await trio.lowlevel.wait_writable(target)
    except OSError as error:
        raise _Undeliverable from error


@contextlib.contextmanager
def _pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        with contextlib.suppress(OSError):  # over the user's limit: a small one does too
            fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        yield reader, writer
    finally:
        os.close(reader)
        os.close(writer)
