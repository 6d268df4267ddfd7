"""A terminal for the program, between it and the person's, for as long as the program runs."""

from __future__ import annotations

import os
from collections.abc import Callable

from nono.supervisor.asking.terminal.inner import Inner
from nono.supervisor.asking.terminal.outer import Outer
from nono.supervisor.asking.terminal.relay import Relay
from nono.supervisor.streams import Streams

_LEAVE_SECONDS = 2.0
_LOOK_SECONDS = 0.2


class OwnTerminal:
    """Of one run, made before the program starts. `close` may be called twice."""

    def __init__(self, outer: Outer, run: str, is_plain: bool) -> None:
        """Raises OSError when the system has no pseudoterminal left."""
        self._outer, self._inner = outer, Inner(outer.fd)
        self.relay = Relay(outer, self._inner, run, is_plain)
        self._is_closed = False

    def streams(self, streams: Streams) -> Streams:
        """What the program gets: this one wherever it had the person's."""
        return self._inner.streams(streams)

    def start(self, interrupted: Callable[[], None]) -> None:
        """The program runs: carry what it prints and what is typed. Raises RuntimeError.

        `interrupted` is called for each Control-C that is a signal to the program.
        """
        self.relay.start(interrupted)

    def resized(self) -> None:
        """SIGWINCH has come. From any thread."""
        self.relay.post(self.relay.resized)

    def leave(self) -> None:
        """Before this process stops: the person's terminal is as it was before the run."""
        self.relay.wait_for(self.relay.leave, _LEAVE_SECONDS)

    def come_back(self) -> None:
        """After this process was continued. From any thread."""
        self.relay.post(self.relay.come_back)

    def give_up(self) -> None:
        """What was printed and not yet shown is not waited for. From any thread."""
        self._outer.is_given_up = True

    def close(self) -> None:
        """No process of the program is left: what it has printed is shown first.

        However long the person's terminal takes for it, until `give_up`.
        """
        if self._is_closed:
            return
        self._is_closed = True
        self._outer.is_last = True
        self.relay.post(self.relay.finish)
        while not (self.relay.join(_LOOK_SECONDS) or self._outer.is_given_up):
            pass
        if self.relay.join(_LEAVE_SECONDS):
            os.close(self._outer.fd)
            self._inner.close()
