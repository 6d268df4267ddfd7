"""The standard streams of a program."""

from __future__ import annotations

import os

from nono.broker.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Streams:
    """Descriptors for the program's standard streams; the caller keeps and closes them."""

    stdin: int = 0
    stdout: int = 1
    stderr: int = 2
    closed: tuple[int, ...] = ()
    """Which of 0, 1 and 2 the program starts without."""
    terminal: int = -1
    """What becomes the terminal of a session of the program's own; -1: it stays in ours."""
    outer: int = -1
    """The person's terminal, where the program has one of its own."""

    def all_to_stderr(self) -> Streams:
        """The same, with what goes to stdout led to stderr."""
        behind = {0: 0, 1: 2, 2: 2}
        closed = tuple(number for number, ours in behind.items() if ours in self.closed)
        return Streams(self.stdin, self.stderr, self.stderr, closed)


def inherited_streams() -> Streams:
    """This process's own streams, for a program that takes its place.

    To be called before anything is opened to stay. What is closed is held by the null device, so
    that no descriptor of ours gets its number and with it into the program's hands.
    """
    closed = []
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            closed.append(number)
            os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)  # gets the lowest free number
    return Streams(closed=tuple(closed))
