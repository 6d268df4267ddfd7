"""The window is closed at any moment of asking: the program is told, and nono goes when it goes."""

import os
import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conftest import TIMEOUT, Account
from tests.supervisor.asking.processes import nono_words
from tests.supervisor.asking.screen import QUIET, Person, person

pytestmark = [
    pytest.mark.requires(landlock=6, commands=["bash", "vim"]),
    pytest.mark.parametrize("as_user", ["user"], indirect=True),
]
READS = """
trap 'echo told > "$0"; exit' HUP
echo starts; for file; do read line < $file; done 2> /dev/null; echo ready
while :; do read line; done
"""


def living(marks: list[str]) -> Iterator[str]:
    """The command lines of processes that were started with one of these in the environment."""
    for entry in Path("/proc").iterdir():
        try:
            environment = (
                (entry / "environ").read_bytes().split(b"\0") if entry.name.isdigit() else []
            )
            if {f"MARK={each}".encode() for each in marks} & {*environment}:
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
                if state not in "ZX":
                    yield (entry / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue


def at_the_question(one: Person) -> None:
    one.wait("nono asks")
    one.rest(QUIET)


def answered_once(one: Person) -> None:
    """The second question is open."""
    at_the_question(one)
    one.type("o")
    one.wait("✓")
    at_the_question(one)


def over_vim(one: Person) -> None:
    at_the_question(one)
    one.type("o")
    one.gone("nono asks")
    at_the_question(one)


def in_a_list(one: Person) -> None:
    one.wait("Enter alone refuses")
    one.type("o")


def afterwards(one: Person) -> None:
    for _ in range(2):
        at_the_question(one)
        one.type("n")
        one.gone("nono asks")
    one.wait("ready")


def stopped(one: Person) -> None:
    at_the_question(one)
    one.type("\x1a")
    one.wait("Stopped")


CASES: dict[str, tuple[str, bool, Callable[[Person], None]]] = {
    "before": ("tty", False, lambda one: one.wait("starts")),
    "during": ("tty", True, at_the_question),
    "later": ("tty", False, answered_once),
    "list": ("plain", True, in_a_list),
    "vim": ("tty", True, over_vim),
    "after": ("tty", False, afterwards),
    "stopped": ("tty", True, stopped),
}
"""The channel, whether a shell leads the session, and what comes before the end."""


def test_at_any_moment(as_user: Account, project: Path) -> None:
    files = [as_user.file(as_user.home / f"{project.name}-{n}" / "f", "x\n") for n in (1, 2)]
    with ExitStack() as open_ones:
        people = []
        for case, (channel, has_shell, _) in CASES.items():
            reads = ("bash", "-c", READS, project / case, *(() if case == "before" else files))
            edits = ("vim", "-u", "NONE", "-N", files[0], "-c", f"e {files[1]}")
            words = edits if case == "vim" else reads
            options = ("run", f"--ask={channel}", "--no-audit", "--allow-cwd", "--")
            command = nono_words(as_user, *options, *words)
            if has_shell:
                run = f"PS1='> '; run() {{ {shlex.join(command)}; }}"
                command = ["bash", "--rcfile", str(as_user.file(project / f"{case}.rc", run)), "-i"]
            env = {"MARK": f"{project}-{case}"}
            people.append(open_ones.enter_context(person(as_user, *command, cwd=project, env=env)))
            if has_shell:
                people[-1].type("run\n")
        for one, (_, _, comes_before) in zip(people, CASES.values(), strict=True):
            comes_before(one)
        marks = [f"{project}-{case}" for case in CASES]
        assert len([*living(marks)]) >= 3 * len(CASES)
        for one in people:
            one.hang_up()
        deadline = time.monotonic() + TIMEOUT
        while left := [*living(marks)]:
            assert time.monotonic() < deadline, left
            time.sleep(0.02)
    # What is stopped a shell tells to terminate as well, with nono and without.
    told = {case for case in CASES if os.path.exists(project / case)}
    assert told | {"stopped"} == {*CASES} - {"vim"}
