"""One question on a terminal: where it is drawn, and that nothing is left of it but one line.

Whatever the program did to the terminal is undone first, and each line takes its whole row, so that
nothing of the program's stands in the block, beside it or below it.

Three ways. A program that prints lines gets the block below its output, on the same screen; it is
erased and one line stands in its place. One that draws itself on the first screen (raw, without
echo) gets its screen back as it was, since the block is on the alternate one. One that uses the
alternate screen loses what is there: it is painted again from a model, and the program is told that
its size has changed. Where something was printed that nobody here understands, the block is on the
alternate screen as well.
"""

from __future__ import annotations

import enum
import os
import re
from collections.abc import Callable, Sequence

from nono.broker.asking.question import Question
from nono.broker.asking.terminal import block
from nono.broker.asking.terminal.block import Surroundings
from nono.broker.asking.terminal.columns import width
from nono.broker.asking.terminal.gate import Chosen, Gate, Outcome, View
from nono.broker.asking.terminal.hints import hint, with_hint
from nono.broker.asking.terminal.keyboard import Typed
from nono.broker.asking.terminal.keys import choices
from nono.broker.asking.terminal.modes import RESET, Modes
from nono.broker.asking.terminal.pages import drawn, pages, withdrawn
from nono.supervisor.asking.terminal.outer import Outer
from nono.supervisor.places import home_directory

REMINDER_SECONDS = 10.0

ASKS_TITLE = b"\x1b[22;2t\x1b]2;\xe2\x97\x8f nono asks\x1b\\"
CLEAR = b"\x1b[r\x1b[H\x1b[2J"
_LINE, _LINE_END = b"\x1b#5", b"\x1b[K"
_MAX_BEGUN = 1000
_BEGUN = re.compile(rb"(?:[^\x00-\x1f\x7f]|\x1b\[[0-9;:]*[mK])*")


class Where(enum.Enum):
    """On which screen a question is shown."""

    BELOW = "below the program's lines"
    ASIDE = "on the alternate screen, which the program does not use"
    INSTEAD = "instead of the program's full screen"


class Prompt:
    """A question that is being asked; everything that is written goes through `outer`."""

    has_lines = False
    """True when input comes as lines that are edited by the kernel."""

    def __init__(
        self,
        question: Question,
        outer: Outer,
        modes: Modes,
        where: Where,
        run: str,
        last_key: float,
        before: str = "",
    ) -> None:
        """`before` are words for a question that was withdrawn, in whose place this one comes."""
        self.question = question
        self._before = before
        self.where = where
        self._outer = outer
        self._modes = modes
        self._run = run
        self._home = home_directory(os.environ)
        self._choices = choices(question)
        self._gate = Gate(self._choices, last_key, bool(before))
        self._of = 1
        self._rows = 0
        self._is_shown = False
        self._reminded = float("inf")
        self._begun: bytes | None = b""
        self._hint = ""

    def show(self, now: float, printed: bytes, of: int) -> None:
        """Draw it, `of` being how many wait. `printed` is the end of what the program printed."""
        self._of = of
        self._is_shown = True
        columns = self._outer.rows_and_columns()[1]
        self._begun = begun(printed, columns)
        enter = {
            Where.BELOW: RESET + (b"\r\n" if self._begun is None else b"\r") + b"\x1b[J",
            Where.ASIDE: b"\x1b[?1049h" + RESET,
            Where.INSTEAD: b"\x1b7" + RESET,
        }[self.where]
        title = ASKS_TITLE if self._outer.is_window else b""
        self._rows = 0
        self._reminded = now + REMINDER_SECONDS
        self._outer.write(enter + self._modes.set_aside() + title + b"\x07\x1b[?25h")
        self.draw(now)

    def draw(self, now: float) -> None:
        """Draw it anew: another view, another size. Keys count after half a second again."""
        self._draw()
        self._gate.shown(now)

    def hint(self, key: str) -> None:
        """Say that this key is no answer. Nothing else changes, and keys go on counting."""
        is_second = self._gate.view is View.SECOND_STEP
        self._hint = hint(key, self._choices, is_second, self._gate.is_whole)
        self._draw()
        self._hint = ""

    def _draw(self) -> None:
        lines = self._lines()
        clear = self._erase() if self.where is Where.BELOW else CLEAR
        self._rows = len(lines)
        drawn = (_LINE + each.encode() + _LINE_END for each in lines)
        self._outer.write(clear + b"\r\n".join(drawn))

    def _erase(self) -> bytes:
        if not self._rows:
            return b""
        return b"\r" + (b"\x1b[%dA" % (self._rows - 1) if self._rows > 1 else b"") + b"\x1b[J"

    def _lines(self) -> list[str]:
        rows, columns = self._outer.rows_and_columns()
        around = Surroundings(columns, self._run, 1, self._of, self._home, bool(self._before))
        # Below what the program prints, the line for the one before stands there already.
        above = () if self.where is Where.BELOW else withdrawn(self._before, columns)
        room, gate = max(rows - 1 - len(above), 1), self._gate
        found = pages(self.question, self._choices, gate.view, gate.second, around, room)
        lines = drawn(gate.laid_out(found), columns)
        return [*above, *with_hint(lines, self._hint, columns)[:room]]

    def typed(self, pieces: Sequence[Typed], now: float) -> list[Outcome]:
        """What was typed means: see `broker.asking.gate`."""
        self._reminded = float("inf")
        return self._gate.typed(pieces, now)

    def line(self, data: bytes, now: float) -> list[Outcome]:
        """A line that was typed, where input comes as lines."""
        return [Chosen(None)]

    def wakes_at(self) -> float:
        """When `tick` is to be called."""
        return self._reminded

    def tick(self, now: float) -> None:
        """Time has passed: somebody may look elsewhere."""
        if now >= self._reminded:
            self._reminded = float("inf")
            self._outer.write(b"\x07")

    def hide(
        self,
        words: str = "",
        allowed: bool | None = False,
        painted: Callable[[], bytes] = bytes,
    ) -> None:
        """Take it off the screen, and leave `words` if there are any; the program's modes are back.

        `allowed` is None for a question that was withdrawn. `painted` is what brings back a full
        screen.
        """
        if not self._is_shown:
            return
        self._is_shown = False
        title = title_back(self._modes.title) if self._outer.is_window else b""
        back = self._modes.put_back()
        columns = self._outer.rows_and_columns()[1]
        if self.where is Where.BELOW:
            line = block.settled(words, allowed, columns).encode() + b"\r\n" if words else b""
            self._outer.write(self._erase() + title + line + (self._begun or b"") + back)
        elif self.where is Where.ASIDE:
            self._outer.write(title + back + b"\x1b[?1049l" + self._modes.colours())
        else:
            self._outer.write(title + CLEAR + b"\x1b8" + painted() + back)


def title_back(title: bytes) -> bytes:
    """What ends `ASKS_TITLE`: the program's title, or the one from before."""
    return b"\x1b]2;" + title + b"\x1b\\\x1b[23;2t"


def begun(printed: bytes, columns: int) -> bytes | None:
    """The line that the program has not ended, so that it can be printed again.

    Empty when the cursor is at the beginning of a line, None when it cannot be told, or holds more
    than text and colours, or may take more than one row.
    """
    start = max(printed.rfind(b"\n"), printed.rfind(b"\r")) + 1
    line = printed[start:]
    if not line and start and printed[start - 1 :] == b"\r":
        return None if printed[:-1][-1:] not in (b"", b"\n") else b""
    if len(line) > _MAX_BEGUN or not _BEGUN.fullmatch(line):
        return None
    shown = re.sub(rb"\x1b\[[0-9;:]*[mK]", b"", line).decode(errors="replace")
    return line if width(shown) < columns else None
