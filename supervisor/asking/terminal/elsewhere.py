"""What the person before the program is told of a question that waits somewhere else.

The program goes on and has the screen: on the first one a line is put above what it prints next,
over a full screen the last row is taken. One key brings the question here, where it is asked as
well: whoever answers first has answered.
"""

from __future__ import annotations

from collections.abc import Callable

from nono.broker.asking.terminal.columns import cut, padded
from nono.broker.asking.terminal.modes import RESET
from nono.broker.dataclass import dataclass
from nono.broker.visible import visible
from nono.supervisor.asking.terminal.inner import Inner
from nono.supervisor.asking.terminal.outer import Outer
from nono.supervisor.asking.terminal.output import Output
from nono.supervisor.asking.terminal.repaint import Repaint

KEY = b"\x1d"
KEY_NAME = "Control-]"
_MAX_WORDS = 300


@dataclass(frozen=True, slots=True)
class Told:
    """`where` the question is, for people; `taken` is called when it is wanted here."""

    where: str
    about: str
    taken: Callable[[], None]


class Elsewhere:
    """For the relay's thread."""

    def __init__(self, outer: Outer, inner: Inner, output: Output) -> None:
        self._outer, self._inner, self._output = outer, inner, output
        self._waiting: list[Told] = []
        self._is_shown = False
        self._is_over_screen = False
        self.is_due = False
        """There is something to be shown, once the program is between two sequences."""

    def add(self, told: Told) -> None:
        """It waits there from now on."""
        self._waiting.append(told)
        self.is_due = True

    def forget(self, told: Told) -> None:
        """It waits there no more, or was brought here."""
        if told in self._waiting:
            self._waiting.remove(told)
        if not self._waiting:
            self.hide()
            self.is_due = False

    def take(self, data: bytes) -> bytes:
        """What was typed, without the key that brings all of them here."""
        if not self._waiting or KEY not in data:
            return data
        waiting = [*self._waiting]
        for each in waiting:
            self.forget(each)
            each.taken()
        return data.replace(KEY, b"")

    def show(self) -> None:
        """Say it, if the program is at a boundary; else it stays due."""
        modes = self._output.modes
        if not modes.is_between:
            return
        # What only a question needs is loaded only then.
        from nono.supervisor.asking.terminal import prompt

        self.is_due = False
        if self._outer.is_window and not self._is_shown:
            self._outer.write(prompt.ASKS_TITLE)
        self._is_shown = True
        self._outer.write(b"\x07")
        if self._outer.draws and modes.is_alternate:
            self._show_over_screen()
        else:
            self._show_line()

    def _words(self, columns: int) -> str:
        told = self._waiting[-1]
        words = f"nono asks in {visible(told.where, _MAX_WORDS)}, {KEY_NAME} answers here: "
        about = cut(told.about, max(columns - 1 - len(words), 0))
        return cut(words + about, columns - 1)

    def _show_line(self) -> None:
        from nono.supervisor.asking.terminal import prompt

        columns = self._outer.rows_and_columns()[1]
        words = self._words(columns).encode()
        line = prompt.begun(self._output.tail, columns)
        if not self._outer.draws:
            self._outer.write(b"\r\n" + words + b"\r\n")
        elif line is not None or not self._inner.is_raw:
            modes = self._output.modes
            start = b"\r\n" if line is None else b"\r"
            aside = RESET + modes.set_aside() + start + b"\x1b[J"
            self._outer.write(aside + words + b"\r\n" + (line or b"") + modes.put_back())

    def _show_over_screen(self) -> None:
        rows, columns = self._outer.rows_and_columns()
        modes, words = self._output.modes, padded(self._words(columns), columns - 1).encode()
        row = b"\x1b[%d;1H\x1b[7m%b\x1b[0m" % (rows, words)
        self._outer.write(b"\x1b7" + RESET + modes.set_aside() + row + b"\x1b8" + modes.put_back())
        self._is_over_screen = True

    def hide(self) -> None:
        """The title and the screen are the program's again; what is not settled is due again."""
        if not self._is_shown:
            return
        from nono.supervisor.asking.terminal import prompt

        self._is_shown = False
        self.is_due = bool(self._waiting)
        if self._outer.is_window:
            self._outer.write(prompt.title_back(self._output.modes.title))
        if self._is_over_screen and self._output.modes.is_alternate:
            self._repaint()
        self._is_over_screen = False

    def _repaint(self) -> None:
        modes, size = self._output.modes, self._outer.rows_and_columns()
        painted = Repaint(self._output.recording.content(), *size).painted()
        if painted and modes.is_between:
            self._outer.write(RESET + modes.set_aside() + painted + modes.put_back())
