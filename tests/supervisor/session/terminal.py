"""A person at a terminal: types, reads what comes, and waits for words rather than for time."""

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
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.conftest import TIMEOUT, Account

CONTROL_C = "\x03"
CONTROL_Z = "\x1a"
CONTROL_BACKSLASH = "\x1c"
PROMPT = "READY> "

# Makes its standard input the controlling terminal and becomes the command.
LOGIN = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp(sys.argv[1], sys.argv[1:])
"""


class Terminal:
    """A pseudoterminal and the session that runs on it."""

    def __init__(self, controller: int, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self._controller = controller
        self._unread = ""
        self._transcript = ""

    def type(self, text: str) -> None:
        os.write(self._controller, text.encode())

    def read_until(self, pattern: str) -> re.Match[str]:
        """Read on until `pattern` matches, and drop all up to the end of the match."""
        deadline = time.monotonic() + TIMEOUT
        while (match := re.search(pattern, self._unread)) is None:
            ready, _, _ = select.select([self._controller], [], [], deadline - time.monotonic())
            assert ready, f"no {pattern!r} in {self._transcript!r}"
            text = os.read(self._controller, 4096).decode(errors="backslashreplace")
            self._unread += text
            self._transcript += text
        self._unread = self._unread[match.end() :]
        return match

    def command(self, line: str) -> None:
        """Give a line to the shell, once it asks for one, and pass over its echo."""
        self.read_until(re.escape(PROMPT))
        self.type(line + "\n")
        self.read_until(r"\n")

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self._controller, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def hang_up(self) -> None:
        """As when the window is closed."""
        os.close(self._controller)
        self._controller = -1

    def wait(self) -> int:
        """The session leader's end; what it still prints is read meanwhile."""
        with contextlib.suppress(OSError):  # EIO: nobody has the terminal any more
            while self._controller >= 0 and os.read(self._controller, 4096):
                pass
        return self.process.wait(TIMEOUT)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(TIMEOUT)
        if self._controller >= 0:
            os.close(self._controller)


@contextlib.contextmanager
def terminal(
    account: Account, *command: str | Path, cwd: Path, env: Mapping[str, str] | None = None
) -> Iterator[Terminal]:
    """Run a command as the leader of a session on a new terminal."""
    controller, inner = pty.openpty()
    os.fchown(inner, account.uid, -1)
    switch = os.geteuid() != account.uid
    process = subprocess.Popen(
        [account.python, "-c", LOGIN, *map(str, command)],
        cwd=cwd,
        env={**account.environment, **(env or {})},
        stdin=inner,
        stdout=inner,
        stderr=inner,
        start_new_session=True,
        user=account.uid if switch else None,
        group=account.gid if switch else None,
        extra_groups=[] if switch else None,
    )
    os.close(inner)
    screen = Terminal(controller, process)
    try:
        yield screen
    finally:
        screen.close()


@contextlib.contextmanager
def shell(account: Account, cwd: Path) -> Iterator[Terminal]:
    """An interactive bash, in which `nono` is the command."""
    nono = f"{account.python} -P -m nono.supervisor"
    with terminal(account, "bash", "--norc", "--noediting", "-i", cwd=cwd, env={"PS1": PROMPT}) as (
        screen
    ):
        screen.command(f'nono() {{ {nono} "$@"; }}')
        yield screen
