"""The library in a person's terminal: its programs print there, and that is all."""

from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, Account, program_beside
from tests.supervisor.session.library import HEADER
from tests.supervisor.session.terminal import CONTROL_C, terminal

pytestmark = pytest.mark.requires(landlock=2)


@BY_A_USER
def test_the_terminal_is_the_persons(as_user: Account, project: Path) -> None:
    """Not read, its modes and its foreground not changed, not opened by any name."""
    text = HEADER + program_beside(__file__, "at_a_terminal.py")
    lines = "".join(rf"line {number}\r\n" for number in range(100))
    with terminal(as_user, as_user.python, "-P", "-c", text, cwd=project) as screen:
        for how in ("to the terminal", "by number", "by the older name"):
            screen.read_until(rf"^[.]{{4}}{lines}{how}\r\n")
        screen.read_until("> ")
        screen.type("secret\n")
        screen.read_until(r"typed: secret\r\n")
        screen.read_until(r"ready\r\n")
        screen.type(CONTROL_C)
        screen.read_until(r"interrupted\r\n")
        screen.read_until(r"all is well\r\n")
        assert screen.wait() == 0
