"""A program that leads a session on a new terminal, as after a login."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
from collections.abc import Mapping
from pathlib import Path

from tests.conftest import TIMEOUT, Account

# Makes its standard input the controlling terminal and becomes the command.
LOGIN = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp(sys.argv[1], sys.argv[1:])
"""


class Login:
    """The pseudoterminal and the session. Close it at the end."""

    def __init__(
        self,
        account: Account,
        *command: str | Path,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        size: tuple[int, int] | None = None,
    ) -> None:
        """`size` is in rows and columns; a terminal has none unless it is told."""
        self.controller, inner = pty.openpty()
        if size is not None:
            self.resize(*size)
        os.fchown(inner, account.uid, -1)
        self.process = subprocess.Popen(
            [account.python, "-c", LOGIN, *map(str, command)],
            cwd=cwd,
            env={**account.environment, **(env or {})},
            stdin=inner,
            stdout=inner,
            stderr=inner,
            start_new_session=True,
            **account.switch,
        )
        os.close(inner)

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.controller, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def hang_up(self) -> None:
        """As when the window is closed."""
        os.close(self.controller)
        self.controller = -1

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(TIMEOUT)
        if self.controller >= 0:
            os.close(self.controller)
