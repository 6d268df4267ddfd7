"""The program's own terminal: a pseudoterminal between it and the person's.

So the program cannot read what is typed in answer to a question, nor draw while one is shown. What
is no terminal stays what it is: pipes stay pipes. See pty(7).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import select
import signal
import struct
import termios
from collections.abc import Iterator

from nono.broker.dataclass import replace
from nono.supervisor.asking.terminal.outer import Outer, get_size
from nono.supervisor.streams import Streams

_MAX_READ = 65536
_MAX_TYPED = 65536
_MAX_LAST = 1 << 20
"""Bytes: the kernel keeps less than that of what nobody has read."""
_LFLAG, _CC = 3, 6


class Inner:
    """Both ends: the program gets `slave`, and `master` is read and written here only.

    The slave stays open here, too, so that a program that closes all of its own, and one that it
    leaves behind opens it again, make no end of the master.
    """

    def __init__(self, like: int) -> None:
        """As the terminal `like` is: its modes and its size. Raises OSError."""
        self.master, self.slave = os.openpty()
        for each in (self.master, self.slave):
            os.set_inheritable(each, False)
        os.set_blocking(self.master, False)
        self._like = like
        self._typed = b""
        self._is_closed = False
        with contextlib.suppress(termios.error):
            termios.tcsetattr(self.slave, termios.TCSANOW, termios.tcgetattr(like))
        self.resize(get_size(like))

    def streams(self, streams: Streams) -> Streams:
        """What the program gets: this instead of each stream that is our controlling terminal."""
        ours = [
            self.slave if is_controlling(each) else each
            for each in (streams.stdin, streams.stdout, streams.stderr)
        ]
        own = replace(streams, terminal=self.slave, outer=self._like)
        return replace(own, stdin=ours[0], stdout=ours[1], stderr=ours[2])

    def resize(self, size: bytes) -> bool:
        """The kernel tells the program: SIGWINCH. False if it has this size already."""
        if self._is_closed or get_size(self.master) == size:
            return False
        with contextlib.suppress(OSError):
            fcntl.ioctl(self.master, termios.TIOCSWINSZ, size)
        return True

    def shorten(self) -> bool:
        """Make it one row shorter, for a program that draws all again when its size changes."""
        rows, *others = struct.unpack("HHHH", get_size(self.master))
        if rows < 2:
            return False
        self.resize(struct.pack("HHHH", rows - 1, *others))
        return True

    def read(self) -> bytes | None:
        """What was printed; None when there is nothing now."""
        try:
            return os.read(self.master, _MAX_READ)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EIO):
                return None
            raise

    def last(self, seconds: float) -> Iterator[bytes]:
        """What is still on its way when every program has ended; none comes after such a silence.

        How long the person's terminal takes for each piece does not count.

        The kernel says that it was all only once nobody has the slave open.
        """
        os.close(self.slave)
        self.slave = -1
        poll = select.poll()
        poll.register(self.master, select.POLLIN)
        left = _MAX_LAST
        while left > 0 and poll.poll(seconds * 1000):
            data = self.read()
            if not data:
                return
            left -= len(data)
            yield data

    def type(self, data: bytes) -> None:
        """Give the program keys; what it does not take yet is kept, up to 64 KiB."""
        self._typed = (self._typed + data)[:_MAX_TYPED]
        self.flush()

    def flush(self) -> None:
        """Give it more of what is kept."""
        with contextlib.suppress(BlockingIOError):
            while self._typed and not self._is_closed:
                self._typed = self._typed[os.write(self.master, self._typed) :]

    @property
    def is_full(self) -> bool:
        """True while keys are kept."""
        return bool(self._typed)

    def is_signal(self, key: bytes, which: int) -> bool:
        """True when this key is a signal to the program now: `which` is termios.VINTR or so."""
        modes = self._modes()
        return bool(modes[_LFLAG] & termios.ISIG) and modes[_CC][which] == key

    def has_signal(self, keys: bytes) -> bool:
        """True when one of these keys is any signal to the program now."""
        modes = self._modes()
        signals = (modes[_CC][each] for each in (termios.VINTR, termios.VQUIT, termios.VSUSP))
        return bool(modes[_LFLAG] & termios.ISIG) and any(each in keys for each in signals)

    def drops(self, keys: bytes) -> bool:
        """True when what is printed and not yet shown goes with one of these keys: NOFLSH."""
        return self.has_signal(keys) and not self._modes()[_LFLAG] & termios.NOFLSH

    @property
    def is_raw(self) -> bool:
        """True when the program takes keys one by one and draws them itself."""
        return not self._modes()[_LFLAG] & (termios.ICANON | termios.ECHO)

    def _modes(self) -> list:  # type: ignore[type-arg]
        return termios.tcgetattr(self.slave)

    def tell(self, *numbers: signal.Signals) -> None:
        """Send signals to whatever the program has in the foreground, as its terminal does."""
        with contextlib.suppress(OSError):
            group = os.tcgetpgrp(self.master)
            for number in numbers if group > 1 else ():
                os.killpg(group, number)

    def hang_up(self) -> None:
        """The person's terminal is gone. May be called twice."""
        if not self._is_closed:
            self._is_closed = True
            os.close(self.master)

    def close(self) -> None:
        """Both ends, once nobody uses them."""
        self.hang_up()
        if self.slave >= 0:
            os.close(self.slave)


def is_controlling(fd: int) -> bool:
    """True for a descriptor of this process's controlling terminal."""
    try:
        os.tcgetpgrp(fd)
    except OSError:
        return False
    return True


def open_outer(streams: Streams, kind: str) -> Outer | None:
    """The person's terminal, if one of the three streams is it.

    `kind` is TERM. None where there is none: then nobody can be asked on it.
    """
    ours = [is_controlling(each) for each in (streams.stdin, streams.stdout, streams.stderr)]
    if not any(ours):
        return None
    try:
        fd = _open_terminal()
    except OSError:
        return None
    return Outer(fd, all(ours), kind)


def has_terminal() -> bool:
    """True where this process has a controlling terminal, whatever its streams are."""
    try:
        os.close(_open_terminal())
    except OSError:
        return False
    return True


def _open_terminal() -> int:
    """Raises OSError where there is none: tty(4)."""
    return os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC | os.O_NOCTTY)
