"""A person at a terminal that shows what a real one would: pyte draws, keys have their times.

Nothing is waited for by time but what is about time: `wait` reads until the screen is as wanted.
"""

import contextlib
import os
import re
import select
import subprocess
import termios
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import pyte

from tests.conftest import TIMEOUT, Account, program_beside
from tests.login import Login

QUIET = 0.85
"""Longer than a question takes until its keys count."""
ASKS = "── nono asks"
_FRAME = "─"

_UNKNOWN = re.compile(rb"\x1b\[[<=>][0-9;]*[a-z]|\x1b\[0\"q")
"""What pyte would print: the keyboard protocols, protected text."""


class Screen(pyte.Screen):
    """As pyte's, with an alternate screen, and without what it takes for colours or fails at."""

    def __init__(self, columns: int, rows: int) -> None:
        super().__init__(columns, rows)
        self.main: tuple[list[str], int, int] | None = None
        self.first: dict[int, object] = {}
        self.at = (0, 0)
        self.is_alternate = False
        self.private: set[int] = set()

    def set_mode(self, *modes: int, **kwargs: bool) -> None:
        self._note(modes, kwargs, True)
        super().set_mode(*modes, **kwargs)

    def reset_mode(self, *modes: int, **kwargs: bool) -> None:
        self._note(modes, kwargs, False)
        super().reset_mode(*modes, **kwargs)

    def _note(self, modes: tuple[int, ...], kwargs: Mapping[str, bool], on: bool) -> None:
        if not kwargs.get("private"):
            return
        self.private = self.private | set(modes) if on else self.private - set(modes)
        if not {47, 1047, 1049} & set(modes) or on == self.is_alternate:
            return
        self.is_alternate = on
        here = (
            {row: dict(cells) for row, cells in self.buffer.items()},
            self.cursor.x,
            self.cursor.y,
        )
        if on:
            self.kept = here
        self.buffer.clear()
        if not on:
            rows, self.cursor.x, self.cursor.y = self.kept
            for row, cells in rows.items():
                self.buffer[row].update(cells)
        self.dirty.update(range(self.lines))

    def select_graphic_rendition(self, *attrs: int, **kwargs: bool) -> None:
        if not kwargs:
            super().select_graphic_rendition(*attrs)


class Person(Login):
    """Sits at a terminal, on which a session runs."""

    def __init__(
        self,
        account: Account,
        *command: str | Path,
        cwd: Path,
        env: Mapping[str, str],
        size: tuple[int, int],
    ) -> None:
        rows, columns = size
        self.screen = Screen(columns, rows)
        super().__init__(account, *command, cwd=cwd, env=env, size=size)
        self.raw = b""
        self._stream = pyte.ByteStream(self.screen)

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip()

    def type(self, keys: str | bytes) -> None:
        os.write(self.controller, keys if isinstance(keys, bytes) else keys.encode())

    def wait(self, what: str | Callable[[], bool], seconds: float = TIMEOUT) -> None:
        """Read until the screen shows the text, or it is so."""
        deadline = time.monotonic() + seconds
        wanted: Callable[[], bool] = what if callable(what) else partial(self.shows, what)
        while not wanted():
            assert self.read(deadline - time.monotonic()), (
                f"no {what!r} in\n{self.text}\n{self.raw[-3000:]!r}"
            )

    def until(self, condition: Callable[[], bool]) -> None:
        """Look until it is so, whatever comes to the screen."""
        deadline = time.monotonic() + TIMEOUT
        while not condition():
            assert time.monotonic() < deadline, self.text
            self.read(0.02)

    def shows(self, text: str) -> bool:
        """A question is shown when its last line is."""
        _, found, rest = self.text.partition(text)
        below = rest.splitlines()[1:]
        ends = any({*line.strip("│ ")} == {_FRAME} for line in below)  # in a popup of tmux, too
        return bool(found) and (text != ASKS or ends)

    def gone(self, text: str) -> None:
        self.wait(lambda: text not in self.text)

    def read(self, seconds: float) -> bool:
        """What comes next; False when nothing came for so long, or it is the end."""
        ready, _, _ = select.select([self.controller], [], [], max(0.0, seconds))
        if not ready:
            return False
        try:
            data = os.read(self.controller, 65536)
        except OSError:
            return False
        self.raw += data
        self._stream.feed(_UNKNOWN.sub(b"", data))
        return bool(data)

    def rest(self, seconds: float) -> None:
        """Do nothing for so long, but look."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if not self.read(left) and self.process.poll() is not None:
                return

    def resize(self, rows: int, columns: int) -> None:
        self.screen.resize(rows, columns)
        super().resize(rows, columns)

    @property
    def modes(self) -> list[object]:
        return termios.tcgetattr(self.controller)

    def end(self) -> int:
        """The session leader's end; its wait status."""
        deadline = time.monotonic() + TIMEOUT
        while self.process.poll() is None and time.monotonic() < deadline:
            if self.controller < 0 or not self.read(0.2):
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(0.05)
        while self.controller >= 0 and self.read(0):
            pass
        return self.process.wait(TIMEOUT)


@contextlib.contextmanager
def person(
    account: Account,
    *command: str | Path,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    size: tuple[int, int] = (24, 80),
) -> Iterator[Person]:
    """Run a command as the leader of a session on a new terminal."""
    given = {"TERM": "xterm", **(env or {})}
    someone = Person(account, *command, cwd=cwd, env=given, size=size)
    try:
        yield someone
    finally:
        someone.close()


class Questions:
    """Has the driver ask, and knows what was answered."""

    def __init__(self, account: Account, place: Path) -> None:
        self.fifo, self.answers = place / "questions", place / "answers"
        os.mkfifo(self.fifo)
        os.chown(self.fifo, account.uid, account.gid)
        account.file(self.answers)
        self._early = place / "early"
        self.program = account.file(place / "driver.py", program_beside(__file__, "driver.py"))

    @contextlib.contextmanager
    def too_early(self, someone: "Person") -> Iterator[None]:
        """Whatever is typed meanwhile is typed too early."""
        self._early.touch()
        yield
        someone.rest(0.3)
        self._early.unlink()

    def ask(self, path: str, what: str = "read") -> None:
        self.answers.write_text("")
        with self.fifo.open("w") as file:
            file.write(f"{what} {path}\n")

    def answer(self, someone: Person) -> str:
        deadline = time.monotonic() + TIMEOUT
        while not (text := self.answers.read_text()):
            assert time.monotonic() < deadline, someone.text
            someone.read(0.02)
        return text


def driver(questions: Questions, *argv: str, plain: bool = False) -> list[str]:
    """The words after the interpreter."""
    kind = "plain" if plain else "drawn"
    given = (questions.program, questions.fifo, questions.answers)
    return ["-P", *map(str, given), kind, *argv]
