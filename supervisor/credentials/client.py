"""The program's side of a connection: requests are read from it, and answers written to it."""

from __future__ import annotations

import time
from typing import Final

from nono.broker.credentials.heads import (
    NotHTTP,
    check_beginning,
    check_begun,
    end_of_head,
)
from nono.supervisor.credentials.poll import Line, TimeOver, pause
from nono.supervisor.credentials.wire import READ, WRITE, Wire

LATE: Final = 408
_LINGER_SECONDS = 1.0
"""How long nothing may come. All of it may take ten times as long."""
_MAX_LINGERING = 1 << 28


class ClientGone(Exception):
    """The program closed the connection, or does not take its answer; the text says which."""

    def __init__(self, reason: str = "the program closed the connection") -> None:
        super().__init__(reason)


class ClientFault(Exception):
    """The program sent no such message as it began; the text says why. `status` is its answer."""

    def __init__(self, reason: str, status: int) -> None:
        super().__init__(reason)
        self.status = status


class Client:
    """`rest` came behind what was read."""

    def __init__(self, wire: Wire, line: Line) -> None:
        self.wire = wire
        self.line = line
        self.rest = b""

    async def head(self, silence: float, seconds: float) -> bytes | None:
        """That of the next request; None at the end.

        `silence` may last until it begins, and `seconds` until it is whole. Raises NotHTTP,
        ClientFault, OSError, and TimeOver where nothing began.
        """
        self.line.wait_at_most(seconds if self.rest else silence)
        data, known = self.rest, 0
        self.rest = b""
        while True:
            if data:
                end = end_of_head(data, known)
                if end >= 0:
                    self.rest = data[end:]
                    return data[:end]
                if not known:
                    check_beginning(data)
                check_begun(data, known)
            try:
                more = await self._more()
            except TimeOver:
                if not data:
                    raise
                reason = "the program did not send the rest of the head in time"
                raise ClientFault(reason, LATE) from None
            if not more:
                if data:
                    raise NotHTTP("the head breaks off")
                return None
            known = len(data)
            if not known:
                self.line.wait_at_most(seconds)
            data += more

    def take(self) -> bytes | None:
        """What came; None while there is nothing. Raises ClientGone."""
        if self.rest:
            data, self.rest = self.rest, b""
            return data
        try:
            received = self.wire.receive()
        except OSError:
            raise ClientGone from None
        if received == b"":
            raise ClientGone
        return received

    def give(self, data: bytes) -> bytes:
        """Send what can be sent now; the rest. Raises ClientGone."""
        try:
            return self.wire.send(data)
        except OSError:
            raise ClientGone from None

    async def write(self, data: bytes, seconds: float) -> None:
        """All of it. Raises TimeOver and ClientGone."""
        self.line.wait_at_most(seconds)
        while data := self.give(data):
            self.wire.watch(WRITE)
            await pause()

    async def linger(self) -> None:
        """Read on: closing with unread bytes would take the answer away with a RST.

        Some clients send all of a body before they read: RFC 9112 section 9.6. Raises TimeOver and
        OSError.
        """
        self.wire.end()
        left, end = _MAX_LINGERING, time.monotonic() + 10 * _LINGER_SECONDS
        while left > 0 and time.monotonic() < end:
            self.line.wait_at_most(_LINGER_SECONDS)
            data = await self._more()
            if not data:
                return
            left -= len(data)

    async def _more(self) -> bytes:
        while True:
            data = self.wire.receive()
            if data is not None:
                return data
            self.wire.watch(READ)
            await pause()
