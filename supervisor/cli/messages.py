"""What nono itself says to people: on descriptor 2, and never at the cost of the run.

Not through sys.stderr: that is None where stderr is closed (and print would then use stdout), and
what a broken pipe left in its buffer would change the exit status when Python flushes it.
"""

from __future__ import annotations

import contextlib
import os
import select
import sys
from collections.abc import Iterable

from nono.broker import visible

_STDOUT, _STDERR = 1, 2


def say_notes(notes: Iterable[str]) -> None:
    """Write what a person should know and need not act upon; each is made safe to show."""
    say(f"nono: note: {visible(note, limit=1000)}" for note in notes)


def tell(lines: Iterable[str]) -> None:
    """Write lines to stdout. Raises OSError, but not when nobody reads them any more."""
    try:
        print("\n".join(lines), flush=True)
    except BrokenPipeError:
        forget_stdout()


def forget_stdout() -> None:
    """What could not be written to stdout shall not be tried again when Python ends."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), _STDOUT)


def say(lines: Iterable[str]) -> None:
    """Write lines. Nothing happens when nobody can read them any more."""
    encoding = sys.stderr.encoding if sys.stderr is not None else "utf-8"
    text = "".join(f"{line}\n" for line in lines)
    left = text.encode(encoding, "backslashreplace")
    with contextlib.suppress(OSError):
        while left:
            try:
                left = left[os.write(_STDERR, left) :]
            except BlockingIOError:  # the program has left it so: O_NONBLOCK is shared
                select.select([], [_STDERR], [])
