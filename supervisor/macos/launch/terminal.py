"""A terminal for the program, whenever it would have had the person's.

It is held apart from that one in any case: what can be typed into a terminal (TIOCSTI), and the
modes that others find after it, are then its own. So there is nothing to put back at the end.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nono.supervisor.streams import Streams

if TYPE_CHECKING:
    from nono.supervisor.asking.terminal.own_terminal import OwnTerminal


@dataclass(slots=True)
class Returned:
    """What is asked for where the program has the person's terminal. Here it never has."""

    def started(self) -> None:
        """The program may be ended before it has cleaned up."""

    def ended(self, status: int) -> None:
        """It ended by itself."""


@contextlib.contextmanager
def terminal_returned(outputs: Iterable[int]) -> Iterator[Returned]:
    """Nothing of it was given away."""
    yield Returned()


@contextlib.contextmanager
def flags_returned(descriptors: Iterable[int]) -> Iterator[None]:
    """No open file of the terminal's was shared."""
    yield


def own_terminal(streams: Streams, run: str) -> OwnTerminal | None:
    """One of the program's own, where one of the streams is ours. Raises OSError."""
    # What only a run in a terminal needs is loaded only then.
    from nono.supervisor.asking.terminal.inner import open_outer
    from nono.supervisor.asking.terminal.own_terminal import OwnTerminal

    outer = open_outer(streams, os.environ.get("TERM", ""))
    return None if outer is None else OwnTerminal(outer, run, is_plain=False)
