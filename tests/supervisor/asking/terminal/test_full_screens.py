"""Programs that draw get their screen back, and go on as if nobody had been asked."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Account
from tests.supervisor.asking.screen import ASKS, QUIET, Person, Questions, driver, person

pytestmark = [
    pytest.mark.requires(landlock=6),
    pytest.mark.parametrize("as_user", ["user"], indirect=True),
]
PATH = "/data/imagenet/val_0001.jpeg"

# Draws once, and heeds no change of the size.
DRAWS = r"""
import os, sys, termios, tty
before = termios.tcgetattr(0)
tty.setraw(0)
def write(text):
    sys.stdout.write(text)
    sys.stdout.flush()
write("\x1b[?1049h\x1b[2J\x1b[3;5H\x1b[1;31mred\x1b[0m plain ä中文\x1b[10;70H\x1b[44mblue\x1b[0m")
write("\x1b[?1000h\x1b[?1006h\x1b[>1u\x1b[>4;2m\x1b[?25l\x1b]2;drawing\x07\x1b[5;7H")
key = os.read(0, 10)
write("\x1b[>4m\x1b[<1u\x1b[?1000l\x1b[?1006l\x1b[?25h\x1b[?1049lkey " + repr(key) + "\r\n")
termios.tcsetattr(0, 0, before)
"""


@pytest.fixture
def questions(as_user: Account, project: Path) -> Questions:
    as_user.file(project / "text", "one\ntwo\nthree\n")
    as_user.file(project / "tmux.conf", "set -g default-shell /bin/sh\n")
    as_user.file(project / "long", "".join(f"line {number}\n" for number in range(100)))
    return Questions(as_user, project)


def ask_over(one: Person, questions: Questions, key: str = "o") -> None:
    """Ask, see nothing but the question, and answer."""
    questions.ask(PATH)
    one.wait(ASKS)
    one.rest(QUIET)
    assert one.text.startswith(ASKS) and len(one.text.splitlines()) == 11, one.text
    one.type(key)
    assert questions.answer(one) == key


def cells(one: Person) -> list[list[object]]:
    screen = one.screen
    return [[screen.buffer[row][column] for column in range(80)] for row in range(24)]


def test_one_that_heeds_no_size(as_user: Account, project: Path, questions: Questions) -> None:
    words = driver(questions, as_user.python, "-c", DRAWS)
    with person(as_user, as_user.python, *words, cwd=project) as one:
        one.wait("blue")
        one.wait(lambda: (one.screen.cursor.x, one.screen.cursor.y) == (6, 4))  # all is drawn
        one.rest(0.1)
        before = one.text, cells(one), one.screen.cursor.x, one.screen.cursor.y
        ask_over(one, questions)
        one.wait(lambda: (one.text, cells(one), one.screen.cursor.x, one.screen.cursor.y) == before)
        asked, _, answered = one.raw.rpartition(ASKS.encode())
        for off, on in (
            (b"\x1b[>0u", b"\x1b[<1u"),
            (b"\x1b[>4m", b"\x1b[>4;2m"),
            (b"\x1b[?1000l", b"\x1b[?1000h"),
            (b"\x1b[?1006l", b"\x1b[?1006h"),
            (b"\x1b[?2004h", b"\x1b[?2004l"),
            (b"\x1b]2;\xe2\x97\x8f nono asks", b"\x1b]2;drawing"),
        ):
            assert off in asked.rpartition(b"blue")[2] and on in answered
        questions.ask(PATH, "elsewhere")
        one.wait("Control-] answers here")
        assert one.text.splitlines()[23].startswith("nono asks in nono watch (pid 7")
        assert one.text.startswith(before[0])
        one.type("\x1d")
        one.wait(ASKS)
        one.rest(QUIET)
        one.type("n")
        one.wait(lambda: (one.text, cells(one), one.screen.cursor.x, one.screen.cursor.y) == before)
        one.type("x")
        one.wait("key b'x'")
        assert one.end() == 0


def vim(one: Person, ask: Callable[[], None]) -> None:
    one.wait("three")
    one.rest(0.2)
    before = one.text.splitlines()[:20]
    ask()
    one.wait(lambda: one.text.splitlines()[:20] == before)
    one.type("ohello\x1b")
    one.wait("hello")
    one.type(":q!\n")


def less(one: Person, ask: Callable[[], None]) -> None:
    one.wait("line 22")
    before = one.text.splitlines()[:23]
    ask()
    one.wait(lambda: one.text.splitlines()[:23] == before)
    one.rest(0.2)  # its size changes twice, and it forgets keys then
    one.type(" ")
    one.wait("line 40")
    one.type("q")


def htop(one: Person, ask: Callable[[], None]) -> None:
    one.wait("PID")
    ask()
    one.wait("PID")
    one.type("q")


def tmux(one: Person, ask: Callable[[], None]) -> None:
    one.wait(lambda: one.text[:1] in ("#", "$") and bool(one.text))
    one.type("echo in; echo side\n")
    one.wait("in\nside")
    ask()
    one.wait("in\nside")
    one.type("exit\n")


def repl(one: Person, ask: Callable[[], None]) -> None:
    one.wait(">>>")
    one.type("20 + 1\n")
    one.wait("21\n>>>")
    before = one.text
    ask()
    one.wait(lambda: one.text == before)
    one.type("40 + 2\n")
    one.wait("42")
    one.type("\x04")


@pytest.mark.lots(kind="program")
@pytest.mark.requires(landlock=6, commands=["vim", "less", "htop", "tmux"])
@pytest.mark.parametrize(
    ("use", "words"),
    [
        (vim, ("vim", "-u", "NONE", "-N", "text")),
        (less, ("less", "long")),
        (htop, ("htop",)),
        (tmux, ("tmux", "-L", "own", "-f", "tmux.conf", "new", "sh")),
        (repl, ("python3", "-q")),
    ],
    ids=["vim", "less", "htop", "tmux", "repl"],
)
def test_it_goes_on(
    as_user: Account,
    project: Path,
    questions: Questions,
    use: Callable[[Person, Callable[[], None]], None],
    words: tuple[str, ...],
) -> None:
    command = [as_user.python, *driver(questions, *words)]
    env = {"LANG": "C.UTF-8", "PYTHON_BASIC_REPL": "1"}
    with person(as_user, *command, cwd=project, env=env) as one:
        use(one, lambda: ask_over(one, questions))
        assert one.end() == 0
        assert "the driver is at its end" in one.text
    assert os.path.exists(questions.fifo)
