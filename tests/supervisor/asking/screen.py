"""A person at a terminal that shows what a real one would: pyte draws, keys have their times.

Nothing is waited for by time but what is about time: `wait` reads until the screen is as wanted.
"""

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import pyte

from tests.conftest import TIMEOUT, Account, program_beside

QUIET = 0.85
"""Longer than a question takes until its keys count."""
ASKS = "── nono asks"

# Makes its standard input the controlling terminal and becomes the command.
LOGIN = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp(sys.argv[1], sys.argv[1:])
"""


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


class Person:
    """Sits at a terminal, on which a session runs."""

    def __init__(self, controller: int, process: subprocess.Popen[bytes], screen: Screen) -> None:
        self.process = process
        self.screen = screen
        self.raw = b""
        self._controller = controller
        self._stream = pyte.ByteStream(screen)

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip()

    def type(self, keys: str | bytes) -> None:
        os.write(self._controller, keys if isinstance(keys, bytes) else keys.encode())

    def wait(self, what: str | Callable[[], bool], seconds: float = TIMEOUT) -> None:
        """Read until the screen shows the text, or it is so."""
        deadline = time.monotonic() + seconds
        wanted: Callable[[], bool] = what if callable(what) else partial(self.shows, what)
        while not wanted():
            assert self.read(deadline - time.monotonic()), (
                f"no {what!r} in\n{self.text}\n{self.raw[-3000:]!r}"
            )

    def shows(self, text: str) -> bool:
        return text in self.text

    def gone(self, text: str) -> None:
        self.wait(lambda: text not in self.text)

    def read(self, seconds: float) -> bool:
        """What comes next; False when nothing came for so long, or it is the end."""
        ready, _, _ = select.select([self._controller], [], [], max(0.0, seconds))
        if not ready:
            return False
        try:
            data = os.read(self._controller, 65536)
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
        fcntl.ioctl(self._controller, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    @property
    def modes(self) -> list[object]:
        return termios.tcgetattr(self._controller)

    def hang_up(self) -> None:
        os.close(self._controller)
        self._controller = -1

    def end(self) -> int:
        """The session leader's end; its wait status."""
        deadline = time.monotonic() + TIMEOUT
        while self.process.poll() is None and time.monotonic() < deadline:
            if self._controller < 0 or not self.read(0.2):
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(0.05)
        while self._controller >= 0 and self.read(0):
            pass
        return self.process.wait(TIMEOUT)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(TIMEOUT)
        if self._controller >= 0:
            os.close(self._controller)


@contextlib.contextmanager
def person(
    account: Account,
    *command: str | Path,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    size: tuple[int, int] = (24, 80),
) -> Iterator[Person]:
    """Run a command as the leader of a session on a new terminal."""
    controller, inner = pty.openpty()
    fcntl.ioctl(controller, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    os.fchown(inner, account.uid, -1)
    switch = os.geteuid() != account.uid
    process = subprocess.Popen(
        [account.python, "-c", LOGIN, *map(str, command)],
        cwd=cwd,
        env={**account.environment, "TERM": "xterm", **(env or {})},
        stdin=inner,
        stdout=inner,
        stderr=inner,
        start_new_session=True,
        user=account.uid if switch else None,
        group=account.gid if switch else None,
        extra_groups=[] if switch else None,
    )
    os.close(inner)
    someone = Person(controller, process, Screen(size[1], size[0]))
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
        self.program = account.file(place / "driver.py", program_beside(__file__, "driver.py"))

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
