"""`nono run --ask` at a terminal: real calls wait, and their program is a job."""

import re
import shlex
import time
from pathlib import Path

import pytest

from tests.conftest import Account
from tests.supervisor.asking.screen import ASKS, QUIET, Person, person

pytestmark = [
    pytest.mark.requires(landlock=6, commands=["bash"]),
    pytest.mark.parametrize("as_user", ["user"], indirect=True),
]
READS = """
import sys
read = 0
for number in range(40):
    try:
        read += len(open(f"{sys.argv[1]}/{number}").read())
    except OSError as error:
        print(type(error).__name__)
        break
print("read", read, flush=True)
"""


@pytest.fixture
def data(as_user: Account, project: Path) -> Path:
    as_user.file(project / "reads.py", READS)
    directory = as_user.home / "data" / "images"
    for number in range(40):
        as_user.file(directory / str(number), "x")
    return directory


def nono(as_user: Account, *words: str | Path) -> str:
    command = [as_user.python, "-P", "-m", "nono.supervisor", "run", "--ask=tty", "--no-audit"]
    return shlex.join([*command, "--allow-cwd", "--", *map(str, words)])


def at_the_shell(one: Person) -> None:
    """What is typed before that is the program's, and is gone with its terminal."""
    one.wait(lambda: one.text.endswith("\n>"))


def test_a_job_that_waits(as_user: Account, project: Path, data: Path) -> None:
    run = nono(as_user, "python3", "reads.py", data)
    as_user.file(project / "rc", f"PS1='> '; run() {{ {run}; }}")
    with person(as_user, "bash", "--rcfile", "rc", "-i", cwd=project) as one:
        one.wait(">")
        one.type("run\n")
        one.wait(ASKS)
        assert "data/images/" in one.text and "reads.py" in one.text
        one.rest(QUIET)
        one.type("\x1a")
        one.wait("Stopped")
        assert ASKS not in one.text
        one.type("fg\n")
        one.wait(ASKS)
        one.rest(QUIET)
        one.type("d")
        one.wait("read 40")
        assert one.text.count("✓") == 1
        at_the_shell(one)
        one.type("run\n")
        one.wait(ASKS)
        one.type("\x03")  # too early: it interrupts the program
        one.wait("KeyboardInterrupt")
        one.gone(ASKS)
        at_the_shell(one)
        one.type("run\n")
        one.wait(ASKS)
        one.rest(QUIET)
        one.type("\x03")
        one.wait("PermissionError")
        one.wait("read 0")
        at_the_shell(one)
        one.type("exit\n")
        one.end()


def test_nobody_can_be_asked_without_one(as_user: Account, project: Path, data: Path) -> None:
    done = as_user("sh", "-c", nono(as_user, "python3", "reads.py", data), cwd=project)
    assert done.returncode == 125 and "no terminal to ask on" in done.stderr
    automatic = nono(as_user, "true").replace("--ask=tty", "--ask")
    done = as_user("setsid", "-w", "sh", "-c", automatic, cwd=project)
    assert done.returncode == 0
    assert "nobody can be asked here: it has no terminal of its own (su -c, setsid" in done.stderr
    learning = nono(as_user, "cat", data).replace("run --ask=tty --no-audit", "learn --ask")
    done = as_user("setsid", "-w", "sh", "-c", learning, cwd=project)
    assert "nobody can be asked here: it has no terminal of its own (su -c, setsid" in done.stderr
    assert "nono: nobody could be asked: it has no terminal of its own" in done.stderr
    with person(as_user, "sh", "-c", f"{automatic} < /dev/null > said 2>&1", cwd=project) as one:
        assert one.end() == 0
    said = (project / "said").read_text()
    assert "nobody can be asked here: none of its streams is the terminal" in said


def test_a_list_where_nothing_is_coloured(as_user: Account, project: Path, data: Path) -> None:
    run = nono(as_user, "python3", "reads.py", data)
    with person(as_user, "sh", "-c", run, cwd=project, env={"NO_COLOR": "1"}) as one:
        one.wait("Letter, then Enter")
        one.type("d\n")
        one.wait("read 40")
        assert one.end() == 0
    assert "nono asks for run" in one.text and "─" not in one.text


def test_a_terminal_that_takes_nothing_for_a_while_shows_all_in_the_end(
    as_user: Account, project: Path
) -> None:
    """The program has ended long before: what its own terminal still keeps is waited for."""
    prints = (
        "echo ready; sleep 0.5; for i in $(seq 700); do printf 'line %07d abcdefghij\n' $i; done"
    )
    with person(as_user, "sh", "-c", nono(as_user, "sh", "-c", prints), cwd=project) as one:
        one.wait("ready")
        time.sleep(4)
        assert one.end() == 0
    assert len(re.findall(rb"line \d{7} abcdefghij\r\n", one.raw)) == 700
