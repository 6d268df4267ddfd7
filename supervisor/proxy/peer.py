"""One side of an exchange, whose HTTP/1.1 is read and written by h11."""

from __future__ import annotations

from typing import Any, Final

import h11
import trio

_CHUNK: Final = 1 << 16
_MAX_HEAD: Final = 1 << 16


class Peer:
    """One side of an exchange: a stream, and the state of HTTP/1.1 on it."""

    def __init__(self, stream: trio.abc.Stream, role: Any) -> None:
        self.stream = stream
        self._role = role
        self.http = h11.Connection(role, max_incomplete_event_size=_MAX_HEAD)

    async def next_event(self, seconds: float) -> Any:
        """The next event. Raises h11.RemoteProtocolError, trio.TooSlowError and stream errors."""
        event = self.http.next_event()
        if event is h11.NEED_DATA:
            with trio.fail_after(seconds):
                while event is h11.NEED_DATA:
                    self.http.receive_data(bytes(await self.stream.receive_some(_CHUNK)))
                    event = self.http.next_event()
        return event

    async def send(self, event: h11.Event, seconds: float) -> None:
        """Send an event. Raises trio.TooSlowError and the stream's errors."""
        await self.write(self.http.send(event) or b"", seconds)

    async def write(self, data: bytes | bytearray, seconds: float) -> None:
        """Send bytes; one task at a time. Raises as `send` does."""
        if data:
            with trio.fail_after(seconds):
                await self.stream.send_all(data)

    async def close(self) -> None:
        """At once, whatever was on its way."""
        await trio.aclose_forcefully(self.stream)
