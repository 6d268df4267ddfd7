"""A program's streams: descriptors for it, and those that we keep the other ends of."""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
import subprocess
import termios
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from nono.supervisor.errors import UsageError
from nono.supervisor.in_forks import making
from nono.supervisor.printed import Printed
from nono.supervisor.streams import Streams, is_inherited

PIPE = subprocess.PIPE
STDOUT = subprocess.STDOUT
DEVNULL = subprocess.DEVNULL
NAMES = ("stdin", "stdout", "stderr")
_SIZE = 24, 80


@dataclass(frozen=True, slots=True)
class Wanted:
    """What each stream is to be: PIPE, DEVNULL, None for this process's own, a descriptor or what
    has one; `stderr` also STDOUT. What is printed on the person's terminal goes through a pipe.
    `pty` is True, or rows and columns: then none of these counts."""

    stdin: Any = DEVNULL
    stdout: Any = None
    stderr: Any = None
    pty: bool | tuple[int, int] = False


@dataclass(slots=True, eq=False)
class Pipes:
    """Made before a program starts. `theirs` is to be closed when it has; `ours` are by name."""

    streams: Streams = field(default_factory=Streams)
    ours: dict[str, int] = field(default_factory=dict)
    terminal: int = -1
    """Our side of the program's terminal, for its size; -1 where it has none."""
    printed: Printed = field(default_factory=Printed)
    _theirs: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _open: list[int] = field(default_factory=list)

    def ends(self) -> Iterator[int]:
        """Of both sides, as long as they are open."""
        yield from (*self.ours.values(), *self._open)

    def close_theirs(self) -> None:
        """Once the program has them, or will never."""
        with making():
            self._open.clear()
            self._theirs.close()

    def close_ours(self) -> None:
        """When there is nobody to talk to."""
        for fd in self.ours.values():
            os.close(fd)
        self.ours.clear()

    def keep(self, fd: int) -> int:
        """One for the program."""
        self._theirs.callback(os.close, fd)
        self._open.append(fd)
        return fd


def open_pipes(wanted: Wanted) -> Pipes:
    """Raises UsageError, StartError, OSError."""
    pipes = Pipes()
    try:
        if wanted.pty is not False:
            _open_terminal(pipes, _SIZE if wanted.pty is True else wanted.pty)
        else:
            stdin = _stream(pipes, "stdin", wanted.stdin)
            stdout = _stream(pipes, "stdout", wanted.stdout)
            is_same = wanted.stderr == STDOUT
            stderr = stdout if is_same else _stream(pipes, "stderr", wanted.stderr)
            pipes.streams = Streams(stdin, stdout, stderr)
    except BaseException:
        pipes.close_theirs()
        pipes.close_ours()
        raise
    return pipes


def _stream(pipes: Pipes, name: str, wanted: Any) -> int:
    """The program's descriptor."""
    if wanted == PIPE:
        reader, writer = os.pipe()
        theirs, ours = (reader, writer) if name == "stdin" else (writer, reader)
        pipes.ours[name] = ours
        return pipes.keep(theirs)
    if wanted is None:
        wanted = NAMES.index(name)
        if not is_inherited(wanted):
            wanted = DEVNULL  # it is closed here
    if wanted == DEVNULL:
        return pipes.keep(os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC))
    number = wanted if isinstance(wanted, int) else wanted.fileno()
    if isinstance(wanted, bool) or number < 0:
        raise UsageError(f"{name}={wanted!r} is no stream")
    return number if name == "stdin" else pipes.printed.instead_of(number, pipes.keep)


def _open_terminal(pipes: Pipes, size: tuple[int, int]) -> None:
    ours, theirs = os.openpty()
    pipes.keep(theirs)
    pipes.ours["stdout"] = pipes.terminal = ours
    pipes.ours["stdin"] = fcntl.fcntl(ours, fcntl.F_DUPFD_CLOEXEC, 3)
    set_size(ours, *size)
    pipes.streams = Streams(theirs, theirs, theirs, terminal=theirs)


def set_size(terminal: int, rows: int, columns: int) -> None:
    """Of a terminal; who reads there gets SIGWINCH. See tty_ioctl(4). Raises OSError."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
