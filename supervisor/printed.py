"""What a program of the library prints on the person's terminal: through a pipe that is copied.

A descriptor of the terminal is more than a place to print: it can be read, echo is switched off
through it, and /proc/self/fd opens it again. Opening it for writing only keeps the reading away,
not the rest (ioctl_tty(2)); a pipe has none of it, on every kernel. So the program sees no terminal
there, as with any pipe: see isatty(3).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import math
import os
import select
import struct
import termios
import threading
import time
from collections.abc import Callable

from nono.supervisor.errors import StartError

_CHUNK = 1 << 16
_LOOK_SECONDS = 0.05


def is_of_person(fd: int) -> bool:
    """Whether it is the terminal that this process was started on, or has for its streams."""
    if not os.isatty(fd):
        return False
    with contextlib.suppress(OSError):
        os.tcgetpgrp(fd)  # of a controlling terminal only
        return True
    device = os.fstat(fd).st_rdev
    for own in range(3):
        with contextlib.suppress(OSError):
            if os.isatty(own) and os.fstat(own).st_rdev == device:
                return True
    return False


class Printed:
    """The pipes of one program: one for each terminal, so that two streams to it keep their order.

    False while there is none.
    """

    def __init__(self) -> None:
        self._copies: dict[int, _Copy] = {}

    def __bool__(self) -> bool:
        return bool(self._copies)

    def instead_of(self, fd: int, keep: Callable[[int], int]) -> int:
        """What the program gets to print to `fd`. Raises OSError, StartError.

        `keep` is given a descriptor that is to be closed once the program has it.
        """
        if not is_of_person(fd):
            return fd
        device = os.fstat(fd).st_rdev
        if device not in self._copies:
            self._copies[device] = _Copy(fd)
            keep(self._copies[device].writer)
        return self._copies[device].writer

    def settle(self, seconds: float = math.inf) -> None:
        """Wait until what was printed before is on the terminal, or the time is up.

        From any thread. What is printed meanwhile is not waited for.
        """
        for each in self._copies.values():
            each.settle(seconds)


class _Copy:
    """One pipe and the thread that copies it, until no program has the other end."""

    def __init__(self, terminal: int) -> None:
        """`terminal` stays the caller's, who closes `writer`. Raises OSError, StartError."""
        self._changed = threading.Condition()
        self._taken = 0
        self._copied = 0
        self._is_over = False
        with contextlib.ExitStack() as opened:
            self._terminal = fcntl.fcntl(terminal, fcntl.F_DUPFD_CLOEXEC, 3)
            opened.callback(os.close, self._terminal)
            self._reader, self.writer = os.pipe()
            opened.callback(os.close, self._reader)
            thread = threading.Thread(target=self._copy, name="nono-printed", daemon=True)
            try:
                os.set_blocking(self._reader, False)
                thread.start()
            except BaseException as error:
                os.close(self.writer)
                if isinstance(error, RuntimeError):
                    raise StartError.of_step("start a thread", errno.EAGAIN) from error
                raise
            opened.pop_all()

    def settle(self, seconds: float = math.inf) -> None:
        with self._changed:
            if self._is_over:
                return
            goal = self._taken + self._waiting()
            end = time.monotonic() + seconds
            while not self._is_done(goal) and time.monotonic() < end:
                # The program may take out of its own pipe what we wait for.
                self._changed.wait(_LOOK_SECONDS)

    def _is_done(self, goal: int) -> bool:
        if self._is_over or self._copied >= goal:
            return True
        return self._copied == self._taken and self._waiting() == 0

    def _waiting(self) -> int:
        """Bytes in the pipe."""
        answer: bytes = fcntl.ioctl(self._reader, termios.FIONREAD, bytes(4))
        return int(struct.unpack("=i", answer)[0])

    def _copy(self) -> None:
        """The thread. Its end is also that of the terminal: whoever prints then gets EPIPE."""
        try:
            with contextlib.suppress(OSError):
                while data := self._take():
                    self._put(data)
                    with self._changed:
                        self._copied += len(data)
                        self._changed.notify_all()
        finally:
            with self._changed:
                self._is_over = True
                os.close(self._reader)
                os.close(self._terminal)
                self._changed.notify_all()

    def _take(self) -> bytes:
        """The next piece; empty at the end."""
        poll = select.poll()
        poll.register(self._reader, select.POLLIN)
        while True:
            poll.poll()
            with self._changed, contextlib.suppress(BlockingIOError):
                data = os.read(self._reader, _CHUNK)
                self._taken += len(data)
                return data

    def _put(self, data: bytes) -> None:
        """Wait for as long as the terminal is stopped: tcflow(3). Raises OSError."""
        poll = select.poll()
        poll.register(self._terminal, select.POLLOUT)
        while data:
            try:
                data = data[os.write(self._terminal, data) :]
            except BlockingIOError:  # the person's shell shares its flags
                poll.poll()
