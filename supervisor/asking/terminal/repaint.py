"""What a full-screen program had on its screen, so that it can be put back after a question.

What it prints since it took the screen is kept as it was, 4 MiB of it at the most; a model of the
screen is made of that only when a question has come up, beside it, by pyte where it is installed.
"""

from __future__ import annotations

import collections
import contextlib
import re
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyte.screens

MAX_KEPT = 4 << 20
_PIECE = 16384
_LAST_SECONDS = 2.0
"""A busy machine takes its time to load pyte; a screen that stays blank is worse than a wait."""

# pyte takes the first for colours, and the second for an error of its own.
# Compiled at the first repaint.
_NOT_UNDERSTOOD = rb"\x1b\[[>=<][0-9;:]*[A-Za-z]|\x1b\[\?[0-9;]*[mnu]|\x1b[P_^X].*?\x1b\\"
_ATTRIBUTES = (
    ("bold", 1),
    ("italics", 3),
    ("underscore", 4),
    ("blink", 5),
    ("reverse", 7),
    ("strikethrough", 9),
)


class Recording:
    """The last output of a program that uses the whole screen."""

    def __init__(self) -> None:
        self._pieces: collections.deque[bytes] = collections.deque()
        self._size = 0

    def take(self, data: bytes, anew: int | None) -> None:
        """Keep this; all from `anew` on, if the screen began there."""
        if anew is not None:
            self.forget()
            data = data[anew:]
        self._pieces.append(data)
        self._size += len(data)
        while self._size > MAX_KEPT:
            self._size -= len(self._pieces.popleft())

    def forget(self) -> None:
        """The screen is not the program's any more, or has another size."""
        self._pieces.clear()
        self._size = 0

    def content(self) -> bytes:
        return b"".join(self._pieces)


class Repaint:
    """Makes the model in a thread of its own while the person reads."""

    def __init__(self, content: bytes, rows: int, columns: int) -> None:
        self._given_up = False
        self._painted = b""
        self._thread = threading.Thread(
            target=self._run, args=(content, rows, columns), name="nono-repaint", daemon=True
        )
        self._thread.start()

    def painted(self) -> bytes:
        """What draws the screen as it was. Empty without pyte, and when it is not ready soon."""
        self._thread.join(_LAST_SECONDS)
        self._given_up = True
        return self._painted

    def _run(self, content: bytes, rows: int, columns: int) -> None:
        with contextlib.suppress(Exception):  # of pyte, by whatever the program has printed
            self._painted = self._model(content, rows, columns)

    def _model(self, content: bytes, rows: int, columns: int) -> bytes:
        try:
            import pyte
        except ImportError:
            return b""
        screen = pyte.Screen(columns, rows)
        stream = pyte.ByteStream(screen)
        content = re.sub(_NOT_UNDERSTOOD, b"", content, flags=re.DOTALL)
        for start in range(0, len(content), _PIECE):
            if self._given_up:
                return b""
            stream.feed(content[start : start + _PIECE])
        return draw(screen)


def draw(screen: pyte.screens.Screen) -> bytes:
    """The sequences that put a model's text, colours, margins and cursor on a cleared screen."""
    parts = ["\x1b[0m\x1b[r\x1b[H\x1b[2J"]
    for row in range(screen.lines):
        cells = screen.buffer[row]
        if any(cells[column] != screen.default_char for column in range(screen.columns)):
            parts.append(f"\x1b[{row + 1};1H{_line(screen, row)}\x1b[0m")
    if screen.margins is not None:
        parts.append(f"\x1b[{screen.margins.top + 1};{screen.margins.bottom + 1}r")
    column = min(screen.cursor.x, screen.columns - 1)
    parts.append(f"\x1b[{screen.cursor.y + 1};{column + 1}H{_colours(screen.cursor.attrs)}")
    return "".join(parts).encode()


def _line(screen: pyte.screens.Screen, row: int) -> str:
    cells, shown, before = screen.buffer[row], [], ""
    for column in range(screen.columns):
        cell = cells[column]
        colours = _colours(cell)
        if colours != before:
            shown.append(colours)
            before = colours
        shown.append(cell.data)
    return "".join(shown)


def _colours(cell: pyte.screens.Char) -> str:
    numbers = ["0", *(str(number) for name, number in _ATTRIBUTES if getattr(cell, name))]
    numbers += _colour(cell.fg, 30) + _colour(cell.bg, 40)
    return f"\x1b[{';'.join(numbers)}m"


_NAMES = ("black", "red", "green", "brown", "blue", "magenta", "cyan", "white")


def _colour(name: str, base: int) -> list[str]:
    """As pyte names it: a name, a bright one, or six digits."""
    if name in _NAMES:
        return [str(base + _NAMES.index(name))]
    bright = name.removeprefix("bright").removeprefix("bfight")
    if bright != name and bright in _NAMES:
        return [str(base + 60 + _NAMES.index(bright))]
    if len(name) == 6:
        red, green, blue = bytes.fromhex(name)
        return [f"{base + 8};2;{red};{green};{blue}"]
    return []
