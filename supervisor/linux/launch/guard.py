"""What the sandbox's init does where nono was killed while the program had a terminal of its own.

The person's terminal has the modes of asking then, and nobody else is left who knows how it was.
A shell that has put something else there meanwhile has done so for itself: nothing is touched.
"""

from __future__ import annotations

import contextlib
import termios

from nono.supervisor.asking.terminal.outer import Modes, edited, raw
from nono.supervisor.linux.launch.terminal import reset_screen


class Guard:
    """Of one terminal, an open descriptor; made before its modes are changed."""

    def __init__(self, terminal: int, kind: str) -> None:
        """`kind` is TERM. Raises termios.error where it is none."""
        self.terminal = terminal
        self._kind = kind
        self._before: Modes = termios.tcgetattr(terminal)
        self._ours = [
            *(raw(self._before, is_alone) for is_alone in (False, True)),
            edited(self._before, terminal),
        ]

    def put_back(self) -> None:
        """Nobody holds it any more. Never raises; it may have hung up."""
        with contextlib.suppress(OSError, termios.error):
            if termios.tcgetattr(self.terminal) in self._ours:
                termios.tcsetattr(self.terminal, termios.TCSANOW, self._before)
            reset_screen(self.terminal, self._kind)
