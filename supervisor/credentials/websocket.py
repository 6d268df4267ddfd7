"""What is said on a WebSocket: bytes both ways, until one side ends or nothing comes."""

from __future__ import annotations

import time
from typing import Final

from nono.broker.credentials.masking import Mask
from nono.supervisor.credentials.client import Client, ClientGone
from nono.supervisor.credentials.masked import Masked
from nono.supervisor.credentials.poll import TimeOver, pause, turn_end
from nono.supervisor.credentials.wire import MAX_PIECES, READ, WRITE, Wire

_STUCK_SECONDS: Final = 120.0
_TUNNEL_SECONDS: Final = 3600.0


class Tunnel:
    """`rest` came behind the service's answer. `sent` and `received` are counted in bytes."""

    def __init__(self, client: Client, service: Wire, rest: bytes, mask: Mask) -> None:
        self._client = client
        self._service = service
        self._masked = Masked(mask)
        self._masked.add(rest)
        self._up = b""
        self._down = self._masked.take(turn_end())
        self._has_ended = False
        self.sent = 0
        self.received = len(rest)

    async def carry(self) -> None:
        """To its end."""
        client, service = self._client.wire, self._service
        try:
            while not self._go():
                reads = not (self._down or self._has_ended or not self._masked.is_empty)
                service.watch((READ if reads else 0) | (WRITE if self._up else 0))
                listens = not (self._up or self._has_ended)
                client.watch((READ if listens else 0) | (WRITE if self._down else 0))
                is_stuck = self._up or self._down
                self._client.line.wait_at_most(_STUCK_SECONDS if is_stuck else _TUNNEL_SECONDS)
                if not self._down and not self._masked.is_empty:
                    self._client.line.go_on_soon()
                await pause()
        except (ClientGone, TimeOver, OSError):
            pass

    def _go(self) -> bool:
        """Pass on what can be passed on now. True when nothing will come any more."""
        end = turn_end()
        for _ in range(MAX_PIECES):
            before = self.sent, self.received
            self._to_client(end)
            if self._has_ended:
                self._up = b""
                return not self._down and self._masked.is_empty
            self._to_service()
            if before == (self.sent, self.received) or time.monotonic() >= end:
                break
        return False

    def _to_client(self, end: float) -> None:
        if not self._down and self._masked.is_empty and not self._has_ended:
            self._listen()
        if not self._down and not self._masked.is_empty:
            self._down = self._masked.take(end)
        if self._has_ended and self._masked.is_empty:
            self._down += self._masked.finish()
        if self._down:
            self._down = self._client.give(self._down)

    def _listen(self) -> None:
        try:
            data = self._service.receive()
        except OSError:
            data = b""
        if data:
            self.received += len(data)
            self._masked.add(data)
        elif data is not None:
            self._has_ended = True

    def _to_service(self) -> None:
        data = None if self._up else self._client.take()
        if data:
            self.sent += len(data)
            self._up = data
        if self._up:
            self._up = self._service.send(self._up)
