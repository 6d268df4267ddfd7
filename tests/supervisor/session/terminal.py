"""A person at a terminal: types, reads what comes, and waits for words rather than for time."""

import contextlib
import os
import re
import select
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.conftest import TIMEOUT, Account
from tests.login import Login

CONTROL_C = "\x03"
CONTROL_Z = "\x1a"
CONTROL_BACKSLASH = "\x1c"
PROMPT = "READY> "


class Terminal(Login):
    """A pseudoterminal and the session that runs on it."""

    _unread = ""
    transcript = ""

    def type(self, text: str) -> None:
        os.write(self.controller, text.encode())

    def read_until(self, pattern: str) -> re.Match[str]:
        """Read on until `pattern` matches, and drop all up to the end of the match."""
        deadline = time.monotonic() + TIMEOUT
        while (match := re.search(pattern, self._unread)) is None:
            ready, _, _ = select.select([self.controller], [], [], deadline - time.monotonic())
            assert ready, f"no {pattern!r} in {self.transcript!r}"
            text = os.read(self.controller, 4096).decode(errors="backslashreplace")
            self._unread += text
            self.transcript += text
        self._unread = self._unread[match.end() :]
        return match

    def command(self, line: str) -> None:
        """Give a line to the shell, once it asks for one, and pass over its echo."""
        self.read_until(re.escape(PROMPT))
        self.type(line + "\n")
        self.read_until(r"\n")

    def wait(self) -> int:
        """The session leader's end; what it still prints is read meanwhile."""
        with contextlib.suppress(OSError):  # EIO: nobody has the terminal any more
            while self.controller >= 0 and os.read(self.controller, 4096):
                pass
        return self.process.wait(TIMEOUT)


@contextlib.contextmanager
def terminal(
    account: Account, *command: str | Path, cwd: Path, env: Mapping[str, str] | None = None
) -> Iterator[Terminal]:
    """Run a command as the leader of a session on a new terminal."""
    screen = Terminal(account, *command, cwd=cwd, env=env)
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
