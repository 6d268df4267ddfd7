"""What nono itself says to people: on descriptor 2, and never at the cost of the run.

Not through sys.stderr: that is None where stderr is closed (and print would then use stdout), and
what a broken pipe left in its buffer would change the exit status when Python flushes it.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable

from nono.broker import visible
from nono.supervisor.streams import write_all

_STDOUT, _STDERR = 1, 2
_NO_SCREEN = ("", "dumb")

SHOWING = "".join(
    (
        "\x18\x1b\\",  # ends a sequence or a string that was begun
        "\x1b<",  # out of the VT52 mode
        "\x1b[?47l",  # the alternate screen
        "\x1b[0m\x1b(B\x0f",  # concealed text, colours; line drawing characters
        "\x1b[?69l\x1b7\x1b[r\x1b8",  # margins, which to set moves the cursor
        "\x1b[?7h\x1b[4l\x1b[?5l\x1b[?2026l\x1b[?25h",  # wrapping, inserting, drawing, the cursor
        "\x1b]104\x1b\\\x1b]110\x1b\\\x1b]111\x1b\\",  # colours that are named otherwise
    )
)
"""What ends everything on a terminal that hides text: console_codes(4), xterm's ctlseqs."""


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


def say_afterwards(lines: Iterable[str]) -> None:
    """As `say`, after a program that may have left the terminal so that no text shows.

    Where there is nothing to say, nothing is written.
    """
    said = list(lines)
    if said and os.isatty(_STDERR) and os.environ.get("TERM", "") not in _NO_SCREEN:
        said[0] = SHOWING + _new_line() + said[0]
    say(said)


def _new_line() -> str:
    """What leaves a line on which something stands, and stays on one on which nothing does.

    The program's output does not come by here, so nobody knows where the cursor is. From the first
    column a line of blanks ends on the same line, from any other on the next one.
    """
    try:
        columns = os.get_terminal_size(_STDERR).columns
    except OSError:
        columns = 0
    return " " * columns + "\r\x1b[K" if columns else ""  # 0 where nobody has said how wide


def say(lines: Iterable[str]) -> None:
    """Write lines. Nothing happens when nobody can read them any more."""
    encoding = sys.stderr.encoding if sys.stderr is not None else "utf-8"
    text = "".join(f"{line}\n" for line in lines)
    with contextlib.suppress(OSError):
        write_all(_STDERR, text.encode(encoding, "backslashreplace"))
