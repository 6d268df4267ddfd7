"""The program is a job on a terminal of its own, and nono is one on the person's."""

import os
import shlex
import signal
import termios
from pathlib import Path

import pytest

from tests.conftest import Account
from tests.supervisor.asking.screen import ASKS, QUIET, Person, Questions, driver, person

pytestmark = [
    pytest.mark.requires(landlock=6, commands=["bash"]),
    pytest.mark.parametrize("as_user", ["user"], indirect=True),
]
PATH = "/data/imagenet/val_0001.jpeg"
LOOKS = """
import os, sys, termios, time
print("own", os.ttyname(0) != os.environ["OUTER"], os.isatty(1), os.tcgetpgrp(0) == os.getpgrp())
def tried(path):
    try:
        fd = os.open(path, os.O_RDWR)
    except OSError as error:
        return type(error).__name__
    return os.ttyname(fd) == os.ttyname(0) or path == "/dev/tty"
print("opens", tried("/dev/tty"), tried(os.ttyname(0)), tried(os.environ["OUTER"]))
sys.stdout.flush()
sys.stdin.readline()
"""


@pytest.fixture
def questions(as_user: Account, project: Path) -> Questions:
    return Questions(as_user, project)


def child(pid: int) -> int:
    """The one child of a process."""
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text())


def state(pid: int) -> str:
    """R, S, T and so on: proc_pid_stat(5)."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def is_at_it(one: Person) -> bool:
    """nono has the terminal, and runs."""
    if one.modes[3] & termios.ECHO:  # type: ignore[operator]
        return False
    return state(child(one.process.pid)) not in "Tt"


def test_stopped_and_continued(as_user: Account, project: Path, questions: Questions) -> None:
    words = shlex.join([as_user.python, *driver(questions, "cat")])
    as_user.file(project / "rc", f"PS1='> '; nono() {{ {words}; }}")
    with person(as_user, "bash", "--rcfile", "rc", "-i", cwd=project) as one:
        one.wait(">")
        one.type("stty -a > before\n")
        one.type("nono\n")
        with questions.too_early(one):
            questions.ask(PATH)
            one.wait(ASKS)
            one.type("\x1a")  # a key of the program's terminal, which stops the program
            one.wait("Stopped")
            one.gone(ASKS)
        one.type("stty -a > between; fg\n")
        one.wait(ASKS)
        one.rest(QUIET)
        one.type("\x1a")
        one.gone(ASKS)
        one.wait(lambda: one.text.endswith("\n>"))
        one.type("jobs; bg\n")
        one.wait("cat &")
        one.type("echo in the background\n")
        one.wait("\nin the background")
        one.wait("bring this job to the foreground")
        one.type("fg\n")
        one.wait(ASKS)
        one.rest(QUIET)
        one.type("o")
        assert questions.answer(one) == "o"
        one.type("after\n")
        one.wait("after\nafter")
        one.type("\x1a")
        one.wait(lambda: "Stopped" in one.text.rpartition("after\nafter")[2])
        one.type("fg\n")
        one.until(lambda: is_at_it(one))
        before = one.raw.count(b"Stopped")
        os.kill(child(one.process.pid), signal.SIGSTOP)
        one.wait(lambda: one.raw.count(b"Stopped") > before)
        one.type("fg\n")
        one.until(lambda: is_at_it(one))
        one.type("again\n")
        one.wait("again\nagain")
        one.type("\x04")
        one.wait("at its end")
        one.type("stty -a > after; exit\n")
        one.end()
    modes = {(project / name).read_text() for name in ("before", "between", "after")}
    assert len(modes) == 1, modes


def test_a_signal_is_not_in_the_way_of_what_comes_of_it(
    as_user: Account, project: Path, questions: Questions
) -> None:
    """What the program says of it is seen at once; a question that still waits comes again."""
    says = "trap 'echo told' QUIT; trap '' TSTP; echo ready; while :; do read x && exit; done"
    words = driver(questions, "bash", "-c", says)
    with person(as_user, as_user.python, *words, cwd=project) as one:
        one.wait("ready")
        for key in ("\x1c", "\x1a"):
            questions.ask(PATH)
            one.wait(ASKS)
            one.rest(QUIET)
            one.type(key)
            one.gone(ASKS)
            one.wait(ASKS)
            assert one.text.count("told") == 1
            one.rest(QUIET)
            one.type("o")
            assert questions.answer(one) == "o"
        one.type("\n")
        one.end()


def test_stopped_in_a_list(as_user: Account, project: Path, questions: Questions) -> None:
    words = shlex.join([as_user.python, *driver(questions, "cat", plain=True)])
    as_user.file(project / "rc", f"PS1='> '; nono() {{ {words}; }}")
    with person(as_user, "bash", "--rcfile", "rc", "-i", cwd=project) as one:
        one.wait(">")
        one.type("stty -a > before; nono\n")
        questions.ask(PATH)
        one.wait("Enter alone refuses")
        one.type("d\x1a")
        one.wait("Stopped")
        one.type("stty -a > between; fg\n")
        one.wait(lambda: one.text.endswith("Enter alone refuses:"))
        one.type("o\n")
        assert questions.answer(one) == "o"
        one.type("\x04")
        one.wait("at its end")
        one.type("stty -a > after; exit\n")
        one.end()
    assert len({(project / name).read_text() for name in ("before", "between", "after")}) == 1


def test_hang_up(as_user: Account, project: Path, questions: Questions) -> None:
    catches = "trap 'echo hung up > left; exit' HUP; echo ready; while :; do read x || exit; done"
    words = driver(questions, "bash", "-c", catches)
    with person(as_user, as_user.python, *words, cwd=project) as one:
        one.wait("ready")
        questions.ask(PATH)
        one.wait(ASKS)
        one.hang_up()
        one.process.wait(60)
    assert questions.answers.read_text() in ("-", "")


def test_three_interrupts(as_user: Account, project: Path, questions: Questions) -> None:
    words = driver(questions, "sh", "-c", "trap '' INT; echo ready; while :; do read x; done")
    with person(as_user, as_user.python, *words, cwd=project) as one:
        one.wait("ready")
        for _ in range(3):
            one.type("\x03")
            one.rest(0.1)
        assert one.end() == 130


def test_what_the_program_sees(as_user: Account, project: Path, questions: Questions) -> None:
    words = shlex.join([as_user.python, *driver(questions, as_user.python, "-c", LOOKS)])
    as_user.file(project / "nono", f"OUTER=$(tty); export OUTER; {words}")
    with person(as_user, "sh", "nono", cwd=project) as one:
        one.wait("opens")
        assert "own True True True" in one.text and "opens True True PermissionError" in one.text
        assert not one.modes[3] & (termios.ICANON | termios.ECHO)  # type: ignore[operator]
        one.type("\n")
        one.end()
        assert one.modes[3] & termios.ICANON and one.modes[3] & termios.ECHO  # type: ignore[operator]


def test_pipes_stay_pipes(as_user: Account, project: Path, questions: Questions) -> None:
    sees = "for fd in 0 1 2; do test -t $fd && echo $fd >&2; done; cat"
    words = shlex.join([as_user.python, *driver(questions, "sh", "-c", sees)])
    as_user.file(project / "nono", f"echo through | {words} | sed s/through/thorough/")
    with person(as_user, "sh", "nono", cwd=project) as one:
        one.end()
    lines = one.text.splitlines()  # in any order: one way is through a terminal, one is not
    assert {"thorough", "2"} < set(lines) and not {"0", "1"} & set(lines), one.text


@pytest.mark.parametrize("plain", [False, True], ids=["drawn", "list"])
def test_nono_itself_is_killed(
    as_user: Account, project: Path, questions: Questions, plain: bool
) -> None:
    """The init puts back what no shell without line editing would."""
    words = shlex.join([as_user.python, *driver(questions, "cat", plain=plain)])
    back = "until stty -a > after; cmp -s before after; do sleep 0.02; done; echo the same"
    as_user.file(project / "script", f"stty -a > before; {words}; {back}")
    with person(as_user, "sh", "script", cwd=project) as one:
        one.rest(0.1)
        questions.ask(PATH)
        one.wait("nono asks" if not plain else "Enter alone refuses")
        os.kill(child(one.process.pid), signal.SIGKILL)
        one.wait("the same")
        one.end()


def test_killed_and_broken(as_user: Account, project: Path, questions: Questions) -> None:
    ends = "import os, tty; tty.setraw(0); print('\\x1b[?1049hready', flush=True); os.read(0, 1); "
    words = driver(questions, as_user.python, "-c", ends + "os.kill(os.getpid(), 9)")
    with person(as_user, as_user.python, *words, cwd=project) as one:
        before = one.modes
        one.wait("ready")
        one.type("x")
        assert one.end() == 137
        assert one.modes == before and not one.screen.is_alternate
    assert os.path.exists(questions.fifo)
