"""The measure: few questions in the first run of a program, and none in the second."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import TIMEOUT, Account, Nono, program_beside

pytestmark = pytest.mark.requires(landlock=6)

COMMAND = program_beside(__file__, "each_offer.py")
TERMINALS = program_beside(__file__, "on_terminals.py")
MOST = 3
COMMIT = (
    "git init -q r && cd r && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m x"
)
PROGRAMS: dict[str, tuple[list[str], list[str]]] = {
    "less": (["less", "HOME/doc/text"], ["/one\r", "q"]),
    "vim": (["vim", "HOME/doc/text"], ["iword\x1b", ":w\r", ":q!\r"]),
    "htop": (["htop"], ["q"]),
    "python3": (["python3"], ["import ssl, sqlite3\r", "exit()\r"]),
    "node": (["node"], ["require('os').cpus().length\r", ".exit\r"]),
    "git": (["sh", "-c", f"{COMMIT} && git -c core.pager=less -c pager.log=true log"], ["q"]),
    "npm": (["sh", "-c", "npm init -y >npm.log && npm pack --dry-run"], []),
}


@pytest.fixture
def as_user(user: Account) -> Account:
    """An ordinary user is enough, whose home is new."""
    return user


@pytest.mark.requires(commands=["less", "vim", "htop", "node", "git", "npm"])
def test_each_program_asks_little_and_then_nothing(
    as_user: Account, project: Path, nono: Nono
) -> None:
    home = as_user.directory(as_user.home / f"{project.name}-home")
    as_user.file(home / "doc" / "text", "one\ntwo\n")
    work = as_user.directory(home / "work")
    programs = json.dumps(PROGRAMS).replace("HOME", str(home))
    environment = {"HOME": str(home), "TERM": "xterm-256color", "VISIBLE": "1"}

    def run() -> list[list[object]]:
        """What was asked: the program, what it wants, and of which object."""
        as_user.file(work / "case", "always A a")
        as_user.file(work / "asked")
        words = ("run", "--ask=script", "--allow-cwd", "--", "python3", "-c", TERMINALS, programs)
        command = (as_user.python, "-P", "-c", COMMAND, *words)
        done = as_user(*command, cwd=work, env=environment, timeout=3 * TIMEOUT)
        ended = dict(map(json.loads, done.stdout.splitlines()))
        assert ended == dict.fromkeys(PROGRAMS, 0), done.stderr
        return [json.loads(line) for line in (work / "asked").read_text().splitlines()]

    as_user(*("rm", "-rf", "r", "package.json"), cwd=work)
    first = run()
    counted = Counter(str(each[-1]) for each in first)
    assert counted and max(counted.values()) <= MOST, first
    # To show it, and then to write it, with the backup that vim makes: none for a swap file.
    asked = [each[3] for each in first if "vim" in str(each[-1])]
    assert len(asked) <= 2 and ".swp" not in str(asked), asked
    replay = ("audit", "replay", "last", "--profile", "./p.json", "--questions", "--json")
    as_user.file(work / "p.json", '{"ask": true}')
    replayed = json.loads(nono(*replay, cwd=work, env=environment).stdout)
    programs_asked = Counter(line.partition(":")[0].split()[0] for line in replayed["questions"])
    assert replayed["count"] >= 1 and max(programs_asked.values()) <= MOST, replayed
    as_user(*("rm", "-rf", "r", "package.json"), cwd=work)
    assert run() == []
