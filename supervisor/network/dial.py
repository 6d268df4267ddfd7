"""Connecting to one of several addresses: RFC 8305 section 5 ("Happy Eyeballs")."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Final

import trio

from nono.supervisor.errors import failure
from nono.supervisor.nursery import open_nursery

MAX_ADDRESSES: Final = 16

_ATTEMPT_DELAY: Final = 0.25  # seconds: RFC 8305 section 5, Connection Attempt Delay


async def dial(addresses: Sequence[str], port: int) -> trio.socket.SocketType:
    """A TCP socket that is connected to `port` at the first of `addresses` that answers.

    `addresses` are IPv4 and IPv6 addresses in the order of preference; more than MAX_ADDRESSES are
    not tried. Another attempt starts as soon as the last one failed, or while it still waits,
    every 250 ms. Raises the OSError of the first address when all fail. There is no limit of time
    but the kernel's for each attempt; a cancelled dial leaves no socket behind.
    """
    if not addresses:
        raise ValueError("there is no address to connect to")
    race = _Race(addresses[:MAX_ADDRESSES], port)
    try:
        await race.run()
    except BaseException:
        race.close()
        raise
    return race.result()


class _Race:
    def __init__(self, addresses: Sequence[str], port: int) -> None:
        self._addresses = addresses
        self._port = port
        self._errors: dict[int, OSError] = {}
        self._connected: list[trio.socket.SocketType] = []

    async def run(self) -> None:
        async with open_nursery() as nursery:
            for place in range(len(self._addresses)):
                failed = trio.Event()
                nursery.start_soon(self._attempt, place, failed, nursery.cancel_scope)
                with trio.move_on_after(_ATTEMPT_DELAY):
                    await failed.wait()

    async def _attempt(self, place: int, failed: trio.Event, race: trio.CancelScope) -> None:
        try:
            self._connected.append(await self._connect(self._addresses[place]))
        except OSError as error:
            # Trio's words have the address in them, as Python writes it.
            self._errors[place] = failure(error.errno) if error.errno else error
            failed.set()
        else:
            race.cancel()

    async def _connect(self, address: str) -> trio.socket.SocketType:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        sock = trio.socket.socket(family, socket.SOCK_STREAM)
        try:
            await sock.connect((address, self._port))
        except BaseException:
            sock.close()
            raise
        return sock

    def result(self) -> trio.socket.SocketType:
        if not self._connected:
            raise self._errors[0]
        winner = self._connected.pop(0)
        self.close()  # another one may have arrived in the same moment
        return winner

    def close(self) -> None:
        for sock in self._connected:
            sock.close()
