"""The terminal after a run is as it was before: whoever has it, its modes, its exclusiveness,
the flags of its open files.

Who has the terminal next may not be the sandbox: a shell that was killed, or a program that wants
to do harm, leaves it in raw mode, with TIOCEXCL set, or to a process group that is gone. So modes
are put back after every run that began in the foreground; stty(1) inside lasts as long as the run.
Nothing is touched that the person's shell has taken back meanwhile (a job that went on with `bg`).

What is on the screen cannot be asked for, and the program writes to it without us. Only the
alternate screen is always left. Other sequences that switch modes off are sent when the program
ended by a signal, so could not do it itself; and what nono has to say is preceded by those that let
it be seen (cli/messages). Only those are sent that change nothing where the mode is off. Hence ?47
for the alternate screen: ?1049 moves the cursor to where it was last saved. Only after a signal it
is sent as well, behind a save, since alacritty and Windows Terminal know no other; where the mode
is on, each screen keeps a place of its own, and the cursor is where it was before the program. None
is sent where the program's output went elsewhere: then the screen is somebody else's, such as
watch(1)'s or an editor's, who started nono for what it prints. See termios(3), ioctl_tty(2) and
console_codes(4).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
from collections.abc import Iterable, Iterator

from nono.broker.dataclass import dataclass
from nono.shims.signals import signal

_TIOCGEXCL = 0x80045440
_TIOCNXCL = 0x540D
_FIRST_OF_A_SHELL = 128
_NO_SCREEN = ("", "dumb")

ALTERNATE_SCREEN = "\x1b[?47l"
"""Leaves it."""
RESET = "".join(
    (
        "\x1b7\x1b[?1049l",
        ALTERNATE_SCREEN,
        "\x1b[?25h",  # the cursor is shown
        "\x1b[0m\x1b(B\x0f",  # colours; line drawing characters
        "\x1b[?1l\x1b>",  # cursor keys and the keypad
        "\x1b[?9l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?1015l",  # the mouse
        "\x1b[?1004l\x1b[?2004l",  # focus, bracketed paste
    )
).encode()
"""What switches modes off and does nothing where they are off."""

KEYBOARD = b"\x1b[>4m\x1b[<99u\x1b[=0u"
"""Keys as xterm's modifyOtherKeys and the protocol of kitty tell them, off. Only for those that
read it as ECMA-48 has it."""
_READ_ECMA_48 = ("xterm", "foot", "alacritty", "wezterm", "rio", "tmux", "screen")


@dataclass(slots=True)
class Returned:
    """What becomes of the terminal at the end."""

    screen: bool = False
    """Whether modes of the screen are switched off."""

    def started(self) -> None:
        """From now on the program may be ended before it has cleaned up."""
        self.screen = True

    def ended(self, status: int) -> None:
        """The program ended by itself, with this wait status; maybe a shell did for one."""
        self.screen = os.WIFSIGNALED(status) or os.WEXITSTATUS(status) > _FIRST_OF_A_SHELL


@contextlib.contextmanager
def flags_returned(descriptors: Iterable[int]) -> Iterator[None]:
    """At the end, put back the flags of those that are a terminal: O_NONBLOCK, O_ASYNC and others.

    They belong to the open file, which the program shares with the person's shell (fcntl(2)).
    """
    terminals = [each for each in dict.fromkeys(descriptors) if os.isatty(each)]
    before = {each: fcntl.fcntl(each, fcntl.F_GETFL) for each in terminals}
    try:
        yield
    finally:
        for each, flags in before.items():
            with contextlib.suppress(OSError):
                if fcntl.fcntl(each, fcntl.F_GETFL) != flags:
                    fcntl.fcntl(each, fcntl.F_SETFL, flags)


@contextlib.contextmanager
def terminal_returned(outputs: Iterable[int]) -> Iterator[Returned]:
    """At the end, take back the terminal and put back how it was, if it was ours at the start.

    Its screen is the program's where one of the `outputs` is it.
    """
    returned = Returned()
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        yield returned
        return
    try:
        before = _modes(terminal) if _foreground(terminal) == os.getpgrp() else None
        exclusive = _is_exclusive(terminal)
        is_shown = any(_foreground(each) >= 0 for each in outputs)
        kind = os.environ.get("TERM", "") if is_shown else ""
        try:
            yield returned
        finally:
            if before is not None and _is_left_to_us(terminal):
                _put_back(terminal, before, exclusive, returned.screen, kind)
    finally:
        os.close(terminal)


def _put_back(terminal: int, modes: list[object], exclusive: bool, screen: bool, kind: str) -> None:
    """`kind` is what the screen is, by TERM; empty where it is not the program's."""
    import termios  # seldom needed

    # A background process that does this is stopped by SIGTTOU unless it blocks it.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
    try:
        with contextlib.suppress(OSError, termios.error):  # it may hang up at any time
            if _foreground(terminal) != os.getpgrp():
                os.tcsetpgrp(terminal, os.getpgrp())
            if not exclusive:
                fcntl.ioctl(terminal, _TIOCNXCL)
            if _modes(terminal) != modes:
                termios.tcsetattr(terminal, termios.TCSANOW, modes)  # type: ignore[arg-type]
            if screen:
                reset_screen(terminal, kind)
            elif kind not in _NO_SCREEN:
                _write(terminal, ALTERNATE_SCREEN.encode())
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def reset_screen(terminal: int, kind: str) -> None:
    """Switch modes of the screen off; `kind` is TERM. Raises OSError."""
    if kind not in _NO_SCREEN:
        _write(terminal, RESET + (KEYBOARD if kind.startswith(_READ_ECMA_48) else b""))


def _write(terminal: int, data: bytes) -> None:
    """Without waiting: output may be stopped (tcflow(3)). Through an open file of our own."""
    with contextlib.suppress(BlockingIOError):
        fd = os.open(f"/proc/self/fd/{terminal}", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
        try:
            os.write(fd, data)
        finally:
            os.close(fd)


def _is_left_to_us(terminal: int) -> bool:
    """True also when the group that has the terminal is gone: it can only be the sandbox's."""
    group = _foreground(terminal)
    if group == os.getpgrp():
        return True
    if group <= 1:
        return group == 0
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _foreground(terminal: int) -> int:
    """The process group in the foreground; -1 when the terminal has hung up."""
    try:
        return os.tcgetpgrp(terminal)
    except OSError:
        return -1


def _modes(terminal: int) -> list[object] | None:
    import termios  # seldom needed

    try:
        return termios.tcgetattr(terminal)
    except termios.error:
        return None


def _is_exclusive(terminal: int) -> bool:
    try:
        answer: bytes = fcntl.ioctl(terminal, _TIOCGEXCL, bytes(4))
    except OSError:
        return False
    return bool(struct.unpack("=i", answer)[0])
