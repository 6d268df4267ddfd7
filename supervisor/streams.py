"""What a program has of the person: its standard streams, its signals, and who ends it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import threading
import time
from collections.abc import Callable

from nono.broker.dataclass import dataclass
from nono.shims.signals import signal

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Protocol
else:
    Protocol = object


_MAX_INTERRUPTS = 3
_LAST_WORDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_IMPATIENT_SECONDS = 2.0
# Python itself ignores these in every process; a program expects the default.
_IGNORED_BY_PYTHON = {signal.SIGPIPE, signal.SIGXFSZ}


GIVEN_UP = threading.Event()
"""Set once the program has ended and a person wants nono to end: no terminal that takes nothing is
waited for any more."""
_ROOM_MILLISECONDS = 100
_PIECE = 128
"""A terminal that says that it has room takes as much without a wait: n_tty's WAKEUP_CHARS."""


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


def is_inherited(number: int) -> bool:
    """Whether a program that is executed in our place would have it.

    Where a stream of ours was closed, something else has its number: of nono's, everything is
    close-on-exec. What is sent by a socket arrives all the same.
    """
    try:
        return not fcntl.fcntl(number, fcntl.F_GETFD) & fcntl.FD_CLOEXEC
    except OSError:
        return False


def write_all(number: int, data: bytes) -> None:
    """To a descriptor of ours, however long that takes, until `GIVEN_UP`. Raises OSError."""
    poll = select.poll()
    poll.register(number, select.POLLOUT)
    piece = _PIECE if os.isatty(number) else select.PIPE_BUF
    while data:
        if poll.poll(0 if GIVEN_UP.is_set() else _ROOM_MILLISECONDS):
            with contextlib.suppress(BlockingIOError):  # a program has left it so: that is shared
                data = data[os.write(number, data[:piece]) :]
        elif GIVEN_UP.is_set():
            return


class Ending:
    """When somebody has asked often enough, the sandbox is killed, whatever the program heeds."""

    def __init__(self, kill: Callable[[], None]) -> None:
        self.signal = 0
        """What was the last word; 0 while nothing was."""
        self.at_end: Callable[[], None] | None = None
        """Once the program has ended: what the next word ends, of whatever is still under way."""
        self._kill = kill
        self._asked: set[bool] = set()
        self._interrupts: list[float] = []

    def note(self, number: int, to_group: bool) -> None:
        """A signal was received: the second SIGTERM ends it, so does a SIGINT after the first,
        and so do three SIGINT that follow each other quickly.

        timeout(1) sends one to us and one to the group, which is no second one.
        """
        if self.at_end is not None and number in _LAST_WORDS:
            self.at_end()
        now = time.monotonic()
        if number == signal.SIGINT:
            recent = [each for each in self._interrupts if now - each < _IMPATIENT_SECONDS]
            self._interrupts = [*recent, now]
        elif number != signal.SIGTERM:
            return
        again = bool(self._asked) if number == signal.SIGINT else to_group in self._asked
        if again or len(self._interrupts) >= _MAX_INTERRUPTS:
            self.signal = number
            self._kill()
        if number == signal.SIGTERM:
            self._asked.add(to_group)


def inherited_signals() -> tuple[list[int], list[int]]:
    """The signals that this process ignores, and those that the calling thread blocks.

    The program starts with both, as it would without nono.
    """
    ignored = [
        int(number)
        for number in signal.valid_signals()
        if signal.getsignal(number) == signal.SIG_IGN and number not in _IGNORED_BY_PYTHON
    ]
    mask = [int(number) for number in signal.pthread_sigmask(signal.SIG_BLOCK, [])]
    return ignored, mask


class Terminal(Protocol):
    """The person's terminal, while the program has one of its own."""

    def leave(self) -> None:
        """Give it back as it was."""

    def come_back(self) -> None:
        """Take it again."""


def has_terminal() -> bool:
    """Whether this process has a controlling terminal: tty(4)."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return False
    return True
