"""What the program prints, carried to the person's terminal, and what is remembered of it."""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Iterator

from nono.broker.asking.terminal.modes import Modes
from nono.supervisor.asking.terminal.inner import Inner
from nono.supervisor.asking.terminal.outer import Outer
from nono.supervisor.asking.terminal.repaint import Recording

_PAUSE_SECONDS = 0.03
_LAST_SECONDS = 1.0
_MAX_TAIL = 1024
_MUCH = 2048
_MAX_PIECES = 4
"""More is not written at a time: a slow terminal takes that long, and keys wait meanwhile."""


class Output:
    """For the relay's thread. `modes` are the program's, `tail` is the end of what it printed.

    `meanwhile` is called again and again while the person's terminal takes nothing.
    """

    def __init__(self, outer: Outer, inner: Inner, meanwhile: Callable[[], None]) -> None:
        self._outer, self._inner, self._meanwhile = outer, inner, meanwhile
        self.modes, self.recording = Modes(), Recording()
        self.tail = b""

    def carry(self) -> bool:
        """Carry on what is there now; False when that is nothing."""
        data = self._inner.read()
        if not data:
            return False
        if len(data) >= _MUCH:
            data = b"".join((data, *self._more()))
        self._print(data)
        return True

    def _more(self) -> Iterator[bytes]:
        """What can be had of the rest right now: the kernel gives a page at a time."""
        for _ in range(_MAX_PIECES - 1):
            data = self._inner.read()
            if not data:
                return
            yield data

    def carry_all(self, seconds: float) -> None:
        """All that is there, for so long at the most."""
        until = time.monotonic() + seconds
        while self.carry() and time.monotonic() < until:
            pass

    def carry_what_comes(self, seconds: float) -> None:
        """All that comes without a pause: the kernel hands it over a little later."""
        poll = select.poll()
        poll.register(self._inner.master, select.POLLIN)
        until = time.monotonic() + seconds
        while poll.poll(_PAUSE_SECONDS * 1000) and self.carry() and time.monotonic() < until:
            pass

    def carry_last(self) -> None:
        """The rest, when every program has ended."""
        for data in self._inner.last(_LAST_SECONDS):
            if self._outer.is_given_up:
                return
            self._print(data)

    def _print(self, data: bytes) -> None:
        anew = self.modes.feed(data)
        if self.modes.is_alternate:
            self.recording.take(data, anew)
        elif self.tail:
            self.recording.forget()
        self.tail = data[-_MAX_TAIL:] if len(data) >= _MAX_TAIL else (self.tail + data)[-_MAX_TAIL:]
        self._outer.write(data, self._meanwhile)
