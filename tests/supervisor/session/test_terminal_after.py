"""What a program did to the terminal is undone after the run, whatever became of it."""

import re
from collections.abc import Callable
from pathlib import Path

import pyte
import pytest

from nono.supervisor.cli.messages import SHOWING
from tests.conftest import BY_A_USER, Account
from tests.supervisor.session.terminal import Terminal, shell

pytestmark = pytest.mark.requires(landlock=2, commands=["bash"])

LEAVES = """
import fcntl, os, signal, sys, termios, tty
tty.setraw(0)
fcntl.ioctl(0, 0x540C)  # TIOCEXCL
fcntl.fcntl(0, fcntl.F_SETFL, fcntl.fcntl(0, fcntl.F_GETFL) | os.O_NONBLOCK | os.O_ASYNC)
assert os.get_blocking(0) is False
{end}
"""
STATE = (
    "stty -a | tr '\\n' ' '; python3 -c 'import os; os.open(os.ttyname(0), os.O_RDWR)';"
    " grep ^flags /proc/self/fdinfo/0; echo done"
)


def reset() -> str:
    from nono.supervisor.linux.launch.terminal import RESET  # not there on every platform

    return RESET.decode()


class OfOneMode(pyte.Screen):
    """One whose alternate screen is ?1049 alone, as alacritty's; each screen keeps a place."""

    is_alternate = False

    def set_mode(self, *modes: int, **kwargs: bool) -> None:
        if kwargs.get("private") and 1049 in modes:
            self.save_cursor()
            self.places, self.savepoints = self.savepoints, []
            self.is_alternate = True
        super().set_mode(*modes, **kwargs)

    def reset_mode(self, *modes: int, **kwargs: bool) -> None:
        if kwargs.get("private") and 1049 in modes:
            self.savepoints = self.places if self.is_alternate else self.savepoints
            self.is_alternate = False
            self.restore_cursor()
        super().reset_mode(*modes, **kwargs)


def state(screen: Terminal) -> str:
    screen.command(STATE)
    return screen.read_until(r"(?s)(.*)done").group(1)


@BY_A_USER
@pytest.mark.parametrize(
    "end",
    [
        "",
        "os.kill(os.getpid(), signal.SIGKILL)",
        "signal.signal(signal.SIGTTOU, signal.SIG_IGN); os.setpgid(0, 0); "
        "os.tcsetpgrp(0, os.getpid())",
    ],
    ids=["exit", "killed", "foreground"],
)
def test_it_is_as_it_was(as_user: Account, project: Path, end: str) -> None:
    as_user.file(project / "program.py", LEAVES.format(end=end))
    with shell(as_user, project) as screen:
        before = state(screen)
        assert "-echo" not in re.findall(r"-?\becho\b", before)
        screen.command("nono run --allow-cwd -- python3 program.py")
        screen.command("")
        after = state(screen)
        assert "Device or resource busy" not in after
        assert re.findall(r"-?\w+", before)[-40:] == re.findall(r"-?\w+", after)[-40:]


@BY_A_USER
def test_the_screen_is_reset_after_a_signal_only(as_user: Account, project: Path) -> None:
    with shell(as_user, project) as screen:
        screen.command("export TERM=xterm; nono run --allow-cwd -- sh -c 'exit 3'; echo first")
        assert reset() not in screen.read_until(r"(?s).*first").group()
        screen.command("nono run --allow-cwd -- sh -c 'kill -9 $$'; echo second")
        assert reset() in screen.read_until(r"(?s).*second").group()


@BY_A_USER
def test_nothing_hides_what_is_reported(as_user: Account, project: Path) -> None:
    """Concealed, elsewhere, in other characters, at the edge, and as the title of a window."""
    hiding = r"\033[8m\033[?1049h\033(0\033[2;3r\033[?7l\033]0;title"
    as_user.file(project / "hide", f"cat /etc/shadow; printf '{hiding}'")
    with shell(as_user, project) as screen:
        screen.command("export TERM=xterm; nono run --allow-cwd -- sh hide; echo first")
        text = screen.read_until(r"(?s).*first").group()
    before, said, _ = text.partition("nono: 1 call refused")
    assert said and hiding[-5:] in before and SHOWING in before, text
    shown = pyte.Screen(200, 24)
    pyte.Stream(shown).feed(text)
    assert any(line.startswith("  read /etc/shadow") for line in shown.display), shown.display


@BY_A_USER
def test_only_the_alternate_screen_is_left_where_nothing_is_said(
    as_user: Account, project: Path
) -> None:
    with shell(as_user, project) as screen:
        screen.command(
            "export TERM=xterm; nono run --allow-cwd -- printf '\\033[?1049h'; echo first"
        )
        text = screen.read_until(r"(?s)1049h.*first").group()
    assert "\x1b[?47l" in text and SHOWING not in text and reset() not in text


@BY_A_USER
@pytest.mark.parametrize("end", ["exit 0", "kill -9 $$"], ids=["exit", "killed"])
def test_the_screen_is_left_alone_where_the_output_goes_elsewhere(
    as_user: Account, project: Path, end: str
) -> None:
    """It is that of watch(1), of an editor: whoever starts nono for what it prints."""
    as_user.file(project / "elsewhere", f"echo shown; cat /etc/shadow; {end}")
    with shell(as_user, project) as screen:
        screen.command("export TERM=xterm; printf '\033[?1049h'")
        screen.command("nono run --allow-cwd -- sh elsewhere > out 2>&1; cat -v out; echo first")
        text = screen.read_until(r"(?s).*shown.*/etc/shadow.*first").group()
    assert "\x1b[?47l" not in text and reset() not in text, text


@pytest.mark.parametrize("sequences", [reset, lambda: SHOWING], ids=["reset", "showing"])
def test_the_reset_changes_nothing_on_a_screen_in_order(sequences: Callable[[], str]) -> None:
    screen = pyte.Screen(40, 10)
    stream = pyte.Stream(screen)
    stream.feed("\x1b7one\r\ntwo\x1b[31m three")
    before = (screen.display[:], screen.cursor.x, screen.cursor.y)
    stream.feed(sequences())
    assert (screen.display, screen.cursor.x, screen.cursor.y) == before
    assert screen.cursor.attrs.fg == "default"
    assert not screen.cursor.hidden


def test_the_alternate_screen_is_left_where_one_mode_is_known() -> None:
    screen = OfOneMode(40, 10)
    stream = pyte.Stream(screen)
    stream.feed("\r\n$ vim\r\n")
    before = (screen.cursor.x, screen.cursor.y)
    stream.feed("\x1b[?1049h\x1b[>4;2m\x1b[7;7Htext" + reset())
    assert not screen.is_alternate
    assert (screen.cursor.x, screen.cursor.y) == before


@BY_A_USER
@pytest.mark.parametrize("end", ["", "\\n"], ids=["unfinished", "finished"])
def test_the_report_begins_on_a_line_of_its_own(as_user: Account, project: Path, end: str) -> None:
    """Once, whether the program has ended its last line or not."""
    as_user.file(project / "prints", f"cat /etc/shadow 2>&-; printf 'x{end}'")
    with shell(as_user, project) as screen:
        screen.command("export TERM=xterm; stty cols 80; echo ready")
        screen.read_until("ready\r?\n")
        screen.command("nono run --allow-cwd -- sh prints; echo first")
        text = screen.read_until(r"(?s).*refused.*first").group()
    shown = pyte.Screen(80, 24)
    pyte.Stream(shown).feed(text)
    lines = [line.rstrip() for line in shown.display]
    at = next(number for number, line in enumerate(lines) if line.startswith("nono: 1 call"))
    assert lines[at - 1] == "x", lines
