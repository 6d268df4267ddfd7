"""Programs on a terminal: what a terminal of the program's own costs, and how soon it asks.

A process of its own stands for the terminal's window: it takes what is printed as fast as it can.
"""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from array import array
from collections.abc import Callable, Sequence

from nono.perf.place import Place
from nono.perf.programs import TRUE

MEGABYTES = 100
_LINE = b"x" * 79 + b"\n"
_ASKS = b"nono asks \xe2"
_GATE_SECONDS = 0.9
_SECONDS = 60

# Makes its standard input the controlling terminal and becomes the command.
_LOGIN = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp(sys.argv[1], sys.argv[1:])
"""

# Says when it is about to make a call, and when it has been answered.
ASKING = """
import sys, time
for name in sys.argv[1:]:
    print("before", time.monotonic_ns(), flush=True)
    open(name).close()
    print("after", time.monotonic_ns(), flush=True)
"""


def showing(place: Place, command: Sequence[str]) -> Callable[[int], array[int]]:
    """Measures a program that prints much, from its start to its end."""
    text = place.project / "much"
    if not text.exists():
        text.write_bytes(_LINE * (MEGABYTES * 1_000_000 // len(_LINE)))
    return _showing(place, [*command, "cat", os.fspath(text)])


def starting(place: Place, command: Sequence[str]) -> Callable[[int], array[int]]:
    """Measures a program that prints nothing: what it costs to have a terminal of its own."""
    return _showing(place, [*command, *TRUE])


def _showing(place: Place, words: Sequence[str]) -> Callable[[int], array[int]]:
    def measure(count: int) -> array[int]:
        return array("Q", (_shown(words, place) for _ in range(count)))

    return measure


def _shown(words: Sequence[str], place: Place) -> int:
    controller, inner = pty.openpty()
    window = os.fork()
    if window == 0:
        os.close(inner)
        _swallow(controller)
    os.close(controller)
    start = time.perf_counter_ns()
    try:
        _run(words, inner, place).wait(_SECONDS)
    finally:
        os.close(inner)
        os.waitpid(window, 0)
    return time.perf_counter_ns() - start


def _swallow(controller: int) -> None:
    try:
        while os.read(controller, 65536):
            pass
    finally:
        os._exit(0)


def _run(words: Sequence[str], terminal: int, place: Place) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", _LOGIN, *words],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        cwd=place.project,
        start_new_session=True,
    )


class Asked:
    """A program that asks twice: each run of it is a sample, or two, for each of three figures."""

    def __init__(self, place: Place, nono: Sequence[str], python: str) -> None:
        names = []
        for directory in ("one", "two"):
            (place.top / "asked" / directory).mkdir(parents=True, exist_ok=True)
            name = place.top / "asked" / directory / "file"
            name.write_text("x")
            names.append(os.fspath(name))
        self._place = place
        self._words = [*nono, "run", "--ask=tty", "--quiet", "--", python, "-c", ASKING, *names]
        self._first, self._second, self._resumed = array("Q"), array("Q"), array("Q")

    def measure_first(self, count: int) -> array[int]:
        """From the program's first call that asks to its visible question."""
        return self._taken(self._first, count)

    def measure_second(self, count: int) -> array[int]:
        """The same for its second one."""
        return self._taken(self._second, count)

    def measure_resumed(self, count: int) -> array[int]:
        """From the key to the program's next step."""
        return self._taken(self._resumed, count)

    def _taken(self, samples: array[int], count: int) -> array[int]:
        while len(samples) < count:
            self._run()
        return array("Q", [samples.pop(0) for _ in range(count)])

    def _run(self) -> None:
        controller, inner = pty.openpty()
        process = _run(self._words, inner, self._place)
        os.close(inner)
        window = _Window(controller)
        try:
            for samples in (self._first, self._second):
                before = window.time_after(b"before")
                samples.append(window.seen(_ASKS) - before)
                time.sleep(_GATE_SECONDS)
                pressed = time.monotonic_ns()
                os.write(controller, b"o")
                self._resumed.append(window.time_after(b"after") - pressed)
            process.wait(_SECONDS)
        finally:
            process.kill()
            process.wait()
            os.close(controller)


class _Window:
    """Reads what is shown."""

    def __init__(self, controller: int) -> None:
        self._controller = controller
        self._text = b""

    def seen(self, words: bytes) -> int:
        """When they were read, in nanoseconds; what is before them is forgotten."""
        deadline = time.monotonic() + _SECONDS
        while words not in self._text:
            left = max(0.0, deadline - time.monotonic())
            if not select.select([self._controller], [], [], left)[0]:
                raise TimeoutError(f"no {words!r} in {self._text[-2000:]!r}")
            self._text += os.read(self._controller, 65536)
        self._text = self._text.partition(words)[2]
        return time.monotonic_ns()

    def time_after(self, name: bytes) -> int:
        """The time that the program prints after this."""
        self.seen(name + b" ")
        while b"\n" not in self._text:
            self._text += os.read(self._controller, 65536)
        number, _, self._text = self._text.partition(b"\n")
        return int(number)
