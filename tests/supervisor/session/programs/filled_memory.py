"""Plans the same runs in fresh processes and in one whose memory others have filled, and compares.

    python filled_memory.py DIRECTORY

Between the runs files, links and variables change. Prints of each run whether it is the same.
"""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from nono.broker.audit.plain_policy import plain_policy
from nono.supervisor.decisions.always import complete
from nono.supervisor.decisions.searched_modules import this_process_is_ours
from nono.supervisor.errors import NonoError
from nono.supervisor.planning.options import Options
from nono.supervisor.planning.make_plan import make_plan
from nono.supervisor.session import loaded
from nono.supervisor.session.rehearsal import rehearse

TOP = Path(sys.argv[1])
HOME, OTHER, WORK = TOP / "home", TOP / "other", TOP / "work"
SHIMS = TOP / "shims"
VARIABLES = {"HOME": str(HOME), "PATH": f"{SHIMS}:/usr/bin:/bin", "LANG": "C"}


def shim(text: str) -> None:
    (SHIMS / "python3").write_text(f"#!/bin/sh\n{text}\n")
    (SHIMS / "python3").chmod(0o755)


def first() -> None:
    for each in (HOME / ".ssh", OTHER, WORK / "src", WORK / ".git", SHIMS):
        each.mkdir(parents=True)
    (HOME / ".ssh" / "id_rsa").write_text("")
    (HOME / ".config").mkdir()
    (WORK / ".env").write_text("")
    (WORK / ".git" / "config").write_text("[core]\nhooksPath = tools/hooks\n")
    shim("exec awk 'BEGIN { }'")


def linked_elsewhere() -> None:
    shutil.move(HOME / ".ssh", OTHER / "keys")
    (HOME / ".ssh").symlink_to(OTHER / "keys")


def linked_above() -> None:
    (HOME / ".config").rmdir()
    (OTHER / "config").mkdir()
    (HOME / ".config").symlink_to("../other/config")


def another_text() -> None:
    shim("if true; then exec env A=1 sed -n p; fi")
    (WORK / ".git" / "config").write_text("[core]\nhooksPath = elsewhere\n")


def more_files() -> None:
    (WORK / "src" / ".env").write_text("")
    (WORK / "Makefile").write_text("")


def a_file_for_a_directory() -> None:
    shutil.rmtree(WORK / "src")
    (WORK / "src").write_text("")


def back() -> None:
    (HOME / ".ssh").unlink()
    shutil.move(OTHER / "keys", HOME / ".ssh")


def nothing() -> None:
    """As before."""


RUNS: list[tuple[Callable[[], None], dict[str, str], dict[str, object]]] = [
    (first, {}, {}),
    (nothing, {}, {"allow_cwd": True}),
    (nothing, {}, {"allow_cwd": True, "profile": "python-dev"}),
    (nothing, {}, {"allow_cwd": True, "deny": ("**/.env",)}),
    (linked_elsewhere, {}, {"allow_cwd": True}),
    (nothing, {}, {"allow": (str(TOP),)}),
    (nothing, {"XDG_CONFIG_HOME": str(OTHER)}, {"allow_cwd": True}),
    (nothing, {"KUBECONFIG": f"{OTHER}/a:{WORK}/b"}, {"allow_cwd": True}),
    (linked_above, {}, {"read": (str(HOME),)}),
    (another_text, {}, {"allow_cwd": True, "profile": "python-dev"}),
    (more_files, {}, {"allow_cwd": True, "deny": ("**/.env",), "deny_write": ("Makefile",)}),
    (nothing, {"HOME": str(OTHER)}, {"allow_cwd": True}),
    (a_file_for_a_directory, {}, {"allow_cwd": True, "deny": ("**/.env",)}),
    (nothing, {}, {"allow": (str(HOME),), "bypass_protection": (f"{HOME}/.aws",)}),
    (nothing, {"GIT_CONFIG_GLOBAL": str(WORK / ".git" / "config")}, {"allow_cwd": True}),
    (back, {}, {"allow_cwd": True}),
    (nothing, {"TMPDIR": str(OTHER)}, {"write": (str(WORK),), "read_file": ("/etc/hosts",)}),
    (nothing, {}, {"allow_cwd": True, "ask": "terminal"}),
]


def planned(number: int) -> str:
    """All that a run would go by, in one line."""
    _, variables, options = RUNS[number]
    os.environ.clear()
    os.environ.update(VARIABLES | variables)
    try:
        plan = make_plan(Options(workdir=str(WORK), **options), ("python3",))  # type: ignore[arg-type]
        made = complete(plan, tmpdir=f"{TOP}/tmpdir")
    except (NonoError, OSError) as error:
        return repr(error)
    floor = made.floor
    parts = (floor.rules, sorted(floor.carved), sorted(floor.unwritten), floor.matched)
    rest = (made.copies, made.cleaned, made.notes, plan.notes, plan.repositories, made.is_by_name)
    return repr((plain_policy(made.policy), parts, rest, plan.environment.apply(os.environ)))


def serve(asked: TextIO, answers: TextIO) -> None:
    """In a process of its own: answer the numbers of runs, and plan some of the others before each."""
    rehearse()
    for line in asked:
        number = int(line)
        for other in (number - 1, number - 7):
            planned(other)
        print(planned(number), file=answers, flush=True)


def freshly(number: int) -> str:
    """The answer of a process that has planned nothing."""
    with piped(lambda asked, answers: print(planned(number), file=answers)) as (_, answers):
        return answers.readline()


@contextmanager
def piped(body: Callable[[TextIO, TextIO], object]) -> Iterator[tuple[TextIO, TextIO]]:
    """Run it in a fork; what it is asked by, and what it answers by."""
    asked, ask = os.pipe()
    answers, answer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(ask)
            with open(asked) as questions, open(answer, "w") as told:
                body(questions, told)
        finally:
            os._exit(0)
    os.close(asked)
    os.close(answer)
    with open(answers) as told, open(ask, "w") as questions:
        yield questions, told
    os.waitpid(child, 0)


def main() -> None:
    this_process_is_ours()
    loaded.load_everything()
    with piped(serve) as (ask, answers):
        for number, (change, variables, options) in enumerate(RUNS):
            change()
            print(number, file=ask, flush=True)
            filled, fresh = answers.readline(), freshly(number)
            same = "the same" if filled == fresh and len(fresh) > 2 else "ANOTHER"
            print(same, len(fresh), change.__name__, variables, options)


if __name__ == "__main__":
    main()
