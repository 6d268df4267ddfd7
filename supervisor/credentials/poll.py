"""Many connections that one task of trio waits for.

A task for each, and a scope for each of its waits, costs more than all calls of the sockets. So a
connection is a coroutine of its own, a `Line`, that waits until one of its sockets is ready or its
time is over. The sockets are in a selector, whose descriptor is all that trio waits for; what is
ready at the same time is answered in one go, unless that takes long.
"""

from __future__ import annotations

import math
import selectors
import socket
import time
import types
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Final, Protocol

import trio

TURN_SECONDS: Final = 0.01
"""How long one line may go on before others have their turn."""
_TICK_SECONDS: Final = 0.25
"""How late the end of a line's time may be noticed."""

Connecting = Callable[[], Awaitable[socket.socket]]


class Watched(Protocol):
    """What has a descriptor, and is told that it is ready."""

    def fileno(self) -> int: ...

    def wake(self, events: int) -> None:
        """`events` are those of selectors."""
        ...


class TimeOver(Exception):
    """Nothing came of what a line waited for."""


def turn_end() -> float:
    """When a turn that begins now is over, by the clock of time.monotonic."""
    return time.monotonic() + TURN_SECONDS


@types.coroutine
def pause() -> Generator[None, None, None]:
    """Wait until one of the line's wires is ready. Raises TimeOver at the line's deadline."""
    yield


class Line:
    """A coroutine, and when its patience ends: `deadline`, by the clock of time.monotonic."""

    __slots__ = ("_coroutine", "deadline", "poll")

    def __init__(self, poll: Poll) -> None:
        self.deadline = math.inf
        self.poll = poll
        self._coroutine: Coroutine[None, None, None] | None = None

    @property
    def is_over(self) -> bool:
        return self._coroutine is None

    def wait_at_most(self, seconds: float) -> None:
        """Counted from now."""
        self.deadline = time.monotonic() + seconds

    def begin(self, coroutine: Coroutine[None, None, None]) -> None:
        """Run it to its first wait."""
        self._coroutine = coroutine
        self.go()

    def go(self, error: Exception | None = None) -> None:
        """Let it run to its next wait, or to its end."""
        coroutine = self._coroutine
        if coroutine is None:
            return
        is_waiting = False
        try:
            if error is None:
                coroutine.send(None)
            else:
                coroutine.throw(error)
            is_waiting = True
        except StopIteration:
            pass
        finally:
            if not is_waiting:
                self._coroutine = None
                self.poll.forget(self)

    async def connect(self, connecting: Connecting) -> socket.socket:
        """What a function of trio returns, which has a time limit of its own. Raises as it does."""
        made: list[socket.socket | Exception] = []
        self.deadline = math.inf
        self.poll.nursery.start_soon(self._connect, connecting, made)
        while not made:
            await pause()
        if isinstance(made[0], Exception):
            raise made[0]
        return made[0]

    async def _connect(self, connecting: Connecting, made: list[socket.socket | Exception]) -> None:
        try:
            sock = await connecting()
        except Exception as error:
            made.append(error)
        else:
            if self.is_over:
                sock.close()
                return
            made.append(sock)
        self.go()

    def go_on_soon(self) -> None:
        """Wake it when others had their turn, without any event."""
        self.poll.hurry(self)

    def close(self) -> None:
        """End it where it waits."""
        if self._coroutine is not None:
            self._coroutine.close()
            self._coroutine = None


class Poll:
    """Lines and their sockets, in trio's thread. `nursery` runs what a line needs of trio."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.nursery = nursery
        self._selector = selectors.DefaultSelector()
        self._lines: set[Line] = set()
        self._soon: set[Line] = set()
        self._has_lines = trio.Event()

    def start(self, run: Callable[[Line], Coroutine[None, None, None]]) -> None:
        """A line of its own for this coroutine."""
        line = Line(self)
        self._lines.add(line)
        self._has_lines.set()
        line.begin(run(line))

    def hurry(self, line: Line) -> None:
        self._soon.add(line)

    def forget(self, line: Line) -> None:
        self._lines.discard(line)

    def watch(self, wire: Watched, before: int, events: int) -> None:
        """Tell it of other events than before; none for 0."""
        if not before:
            self._selector.register(wire, events, wire)
        elif events:
            self._selector.modify(wire, events, wire)
        else:
            self._selector.unregister(wire)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            if self._soon:
                await trio.lowlevel.checkpoint()
            else:
                await trio.lowlevel.wait_readable(self._selector.fileno())
            soon, self._soon = self._soon, set()
            for line in soon:
                line.go()
                await trio.lowlevel.checkpoint()
            end = turn_end()
            for key, events in self._selector.select(0):
                key.data.wake(events)
                # A checkpoint costs as much as many a wake, and only time keeps others waiting.
                if time.monotonic() > end:
                    await trio.lowlevel.checkpoint()
                    end = turn_end()

    def end_lines(self) -> None:
        """All of them, where they wait."""
        while self._lines:
            self._lines.pop().close()

    def close(self) -> None:
        """When nobody waits for it any more."""
        self._selector.close()

    async def watch_time(self) -> None:
        """End the patience of lines, until cancelled."""
        while True:
            if not self._lines:
                self._has_lines = trio.Event()
                await self._has_lines.wait()
            await trio.sleep(_TICK_SECONDS)
            now = time.monotonic()
            for line in [*self._lines]:
                if line.deadline < now:
                    line.go(TimeOver())
