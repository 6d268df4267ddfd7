"""A program's output, read as it comes: kept up to a bound, handed on, and then dropped.

What a program prints costs us no more than the bound, whatever it prints: the rest is taken out of
the pipe without being copied, since a program whose pipe is full would wait for ever.
"""

from __future__ import annotations

import codecs
import fcntl
import os
import struct
import sys
import termios
from collections.abc import Awaitable, Callable
from typing import Any

import trio

CHUNK = 1 << 16
_MAX_DROPPED = 1 << 20
Sink = Callable[[Any], Awaitable[None]]


async def receive(stream: trio.lowlevel.FdStream, size: int = CHUNK) -> bytes:
    """What is there; empty at the end. A terminal whose other side is gone has ended."""
    try:
        return bytes(await stream.receive_some(size))
    except trio.BrokenResourceError:
        return b""


class Collected:
    """What one stream has brought. `sink` gets each piece instead, if there is one."""

    def __init__(self, bound: int | None, text: bool, sink: Sink | None = None) -> None:
        self._left = bound
        self._sink = sink
        self._data = bytearray()
        self._decoder = _decoder() if text else None
        self._text = text
        self.truncated = False

    @property
    def value(self) -> Any:
        """Bytes, or text in which every byte that is none is U+FFFD; None where there is a sink."""
        if self._sink is not None:
            return None
        return self._data.decode("utf-8", "replace") if self._text else bytes(self._data)

    @property
    def is_full(self) -> bool:
        """True when the rest only has to be dropped."""
        return self._left == 0 and self.truncated

    async def take(self, chunk: bytes) -> None:
        """The next piece."""
        if self._left is not None:
            self.truncated = self.truncated or len(chunk) > self._left
            chunk = chunk[: self._left]
            self._left -= len(chunk)
        if self._sink is None:
            self._data += chunk
        elif chunk:
            await self._hand_on(chunk if self._decoder is None else self._decoder.decode(chunk))

    async def _hand_on(self, piece: Any) -> None:
        """All of it, also where the program ends meanwhile."""
        if piece and self._sink is not None:
            with trio.CancelScope(shield=True):
                await self._sink(piece)

    async def finish(self) -> None:
        """Nothing more comes."""
        if self._decoder is not None and self._sink is not None:
            await self._hand_on(self._decoder.decode(b"", True))

    async def follow(self, stream: trio.lowlevel.FdStream) -> None:
        """Until the end, which a process that lingers may keep off for ever."""
        while not self.is_full:
            chunk = await receive(stream)
            if not chunk:
                return
            await self.take(chunk)
        await drop(stream)

    async def rest(self, stream: trio.lowlevel.FdStream) -> None:
        """What is in the pipe by now, and nothing that comes later."""
        left = waiting(stream.fileno())
        while left > 0 and not self.is_full:
            chunk = await receive(stream, min(left, CHUNK))
            if not chunk:
                return
            left -= len(chunk)
            await self.take(chunk)


def _decoder() -> codecs.IncrementalDecoder:
    return codecs.getincrementaldecoder("utf-8")("replace")


def waiting(fd: int) -> int:
    """How many bytes can be read: FIONREAD of pipe(7)."""
    answer: bytes = fcntl.ioctl(fd, termios.FIONREAD, bytes(4))
    return int(struct.unpack("=i", answer)[0])


async def drop(stream: trio.lowlevel.FdStream) -> None:
    """Take what comes out of a pipe, to the end, without looking at it: splice(2)."""
    if sys.platform == "darwin":  # has no splice
        while await receive(stream):
            pass
        return
    null = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    try:
        while True:
            try:
                if not os.splice(stream.fileno(), null, _MAX_DROPPED):
                    return
                await trio.lowlevel.checkpoint()
            except BlockingIOError:
                await trio.lowlevel.wait_readable(stream.fileno())
            except OSError:  # a terminal
                if not await receive(stream):
                    return
    finally:
        os.close(null)
