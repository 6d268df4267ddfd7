"""The person's terminal, while a program has one of its own: raw, and ours only in the foreground.

It is used by one thread, which blocks SIGTTOU and SIGTTIN: that thread looks who has the terminal
before it reads or changes modes. See termios(3), tty_ioctl(4), credentials(7).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import struct
import termios
import tty
from collections.abc import Callable
from typing import Any

_IFLAG, _OFLAG, _LFLAG, _CC = 0, 1, 3, 6
Modes = list[Any]
"""As tcgetattr of the module termios has them."""

_UNSEEN = ("", "dumb")
_CONSOLES = (*_UNSEEN, "linux")
_MAX_READ = 65536
_ROOM_SECONDS = 0.1
_MAX_READS = 256
_LINE_KEYS = {
    termios.VINTR: None,
    termios.VSUSP: None,
    termios.VEOL: b"\x03",
    termios.VEOL2: b"\x1a",
    termios.VQUIT: b"\x1c",
    termios.VEOF: b"\x04",
}
"""What they do while lines come; None for nothing."""


class Outer:
    """The controlling terminal of this process, through an open file of our own.

    `is_alone` says that nobody else writes there, so that lines need not be ended by the kernel.
    """

    def __init__(self, fd: int, is_alone: bool, kind: str) -> None:
        self.fd = fd
        self._is_alone = is_alone
        self._before: Modes | None = None
        self._identity = _identity(fd)
        self.draws = kind not in _UNSEEN
        """False for one that knows no sequences."""
        self.is_window = kind not in _CONSOLES
        """False for one that has no title, and no second screen."""
        self.is_last = False
        """True once the program has ended. Set from any thread."""
        self.is_given_up = False
        """True once nobody waits for the terminal any more. Set from any thread."""
        self._is_dropped = False
        os.set_blocking(fd, False)

    @property
    def is_attached(self) -> bool:
        """True between `attach` and `detach`."""
        return self._before is not None

    @property
    def is_ours(self) -> bool:
        """True while this process is in the foreground, and the terminal is the same as before."""
        try:
            is_foreground = os.tcgetpgrp(self.fd) == os.getpgrp()
        except OSError:
            return False
        return is_foreground and _identity(self.fd) == self._identity

    def attach(self) -> bool:
        """Take the terminal if this process is in the foreground: keys come as they are typed."""
        if self._before is None and self.is_ours:
            with contextlib.suppress(termios.error):
                self._before = termios.tcgetattr(self.fd)
                self.keys()
        return self.is_attached

    def detach(self) -> None:
        """Put back the modes, unless somebody else has the terminal by now."""
        before, self._before = self._before, None
        if before is not None and self.is_ours:
            with contextlib.suppress(termios.error):
                # A terminal that takes nothing would be waited for here as well.
                when = termios.TCSANOW if self.is_given_up else termios.TCSADRAIN
                termios.tcsetattr(self.fd, when, before)

    def keys(self) -> None:
        """Keys come one by one, none is echoed, and none is a signal."""
        if self._before is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self.fd, termios.TCSANOW, raw(self._before, self._is_alone))

    def lines(self) -> None:
        """Lines come, edited and echoed by the kernel; what was typed before is gone.

        Control-C and Control-Z end a line as well, and are its last character; Control-\\ is the
        signal that it always is.
        """
        if self._before is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self.fd, termios.TCSAFLUSH, edited(self._before, self.fd))

    def size(self) -> bytes:
        """The struct winsize; all zero when it has none."""
        return get_size(self.fd)

    def rows_and_columns(self) -> tuple[int, int]:
        """As a terminal without a size is usually taken: 24 and 80."""
        rows, columns = struct.unpack("HHHH", self.size())[:2]
        return rows or 24, columns or 80

    def read(self) -> bytes:
        """What was typed. Empty at the end of input, and when it has hung up."""
        while True:
            try:
                return os.read(self.fd, _MAX_READ)
            except BlockingIOError:
                self._wait(select.POLLIN, None)
            except OSError:
                return b""

    def more(self, seconds: float) -> bool:
        """True if anything comes within so long, half a line as well. It is gone, and what follows
        it without such a pause; keys come one by one from now on."""
        self.keys()
        poll, found = select.poll(), False
        poll.register(self.fd, select.POLLIN)
        for _ in range(_MAX_READS):
            if not poll.poll(seconds * 1000) or not self.read():
                break
            found = True
        return found

    def drop(self) -> None:
        """What is written and not yet shown, as the kernel does for a key that is a signal."""
        self._is_dropped = True
        with contextlib.suppress(termios.error):
            termios.tcflush(self.fd, termios.TCOFLUSH)

    def waiting(self) -> int:
        """What there is to read, as poll(2) tells it; 0 for nothing."""
        poll = select.poll()
        poll.register(self.fd, select.POLLIN)
        return dict(poll.poll(0)).get(self.fd, 0)

    def write(self, data: bytes, meanwhile: Callable[[], None] | None = None) -> None:
        """Write all of it; waits while the terminal takes no more, and calls `meanwhile` again and
        again. Nothing once it is gone, or given up: a program that has ended cannot be interrupted,
        so Control-C is for us then."""
        self._is_dropped = False
        while data and not (self.is_given_up or self._is_dropped):
            try:
                data = data[os.write(self.fd, data) :]
            except BlockingIOError:
                if self.is_last:
                    self._signals()
                elif meanwhile is not None:
                    meanwhile()
                self._wait(select.POLLOUT, _ROOM_SECONDS)
            except OSError:
                return

    def _wait(self, events: int, seconds: float | None) -> None:
        poll = select.poll()
        poll.register(self.fd, events)
        poll.poll(None if seconds is None else seconds * 1000)

    def _signals(self) -> None:
        """Keys are signals again, and nothing else changes: what is on its way was made for it."""
        if self._before is not None and self.is_ours:
            modes = raw(self._before, self._is_alone)
            modes[_LFLAG] |= termios.ISIG
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self.fd, termios.TCSANOW, modes)


def raw(before: Modes, is_alone: bool) -> Modes:
    """As cfmakeraw(3) has them, from those of before; `is_alone` as of `Outer`."""
    modes = _copied(before)
    off = termios.IGNBRK | termios.BRKINT | termios.PARMRK | termios.ISTRIP
    off |= termios.INLCR | termios.IGNCR | termios.ICRNL | termios.IXON
    modes[_IFLAG] &= ~off
    if is_alone:
        modes[_OFLAG] &= ~termios.OPOST
    modes[_LFLAG] &= ~(
        termios.ECHO | termios.ECHONL | termios.ICANON | termios.ISIG | termios.IEXTEN
    )
    modes[tty.CFLAG] = modes[tty.CFLAG] & ~(termios.CSIZE | termios.PARENB) | termios.CS8
    modes[_CC][termios.VMIN], modes[_CC][termios.VTIME] = 1, 0
    return modes


def edited(before: Modes, fd: int) -> Modes:
    """For lines that the kernel edits, on the terminal `fd`, from those of before."""
    modes = _copied(before)
    modes[_IFLAG] |= termios.ICRNL
    modes[_OFLAG] |= termios.OPOST | termios.ONLCR
    modes[_LFLAG] |= termios.ICANON | termios.ECHO | termios.ECHOE
    modes[_LFLAG] |= termios.ISIG | termios.IEXTEN
    modes[_LFLAG] &= ~termios.ECHONL
    off = os.fpathconf(fd, "PC_VDISABLE")
    for which, key in _LINE_KEYS.items():
        modes[_CC][which] = bytes((off,)) if key is None else key
    return modes


def _copied(modes: Modes) -> Modes:
    return [list(each) if isinstance(each, list) else each for each in modes]


def _identity(fd: int) -> tuple[int, ...]:
    found = os.fstat(fd)
    return found.st_dev, found.st_ino, found.st_rdev, found.st_uid, found.st_gid, found.st_mode


def get_size(fd: int) -> bytes:
    """The struct winsize of a terminal; all zero when it has none."""
    try:
        found: bytes = fcntl.ioctl(fd, termios.TIOCGWINSZ, bytes(8))
    except OSError:
        return bytes(8)
    return found
