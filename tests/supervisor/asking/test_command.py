"""`nono run --ask` from the command line: channels, what is kept, and what is seen afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from nono.supervisor.asking.channels import AUTOMATIC, NOBODY, ROWS
from nono.supervisor.report.asked import nobody
from nono.supervisor.session.tmpdir import remove_tree
from tests.conftest import Account, Finished, program_beside

pytestmark = pytest.mark.requires(landlock=6)

COMMAND = program_beside(__file__, "command.py")
Nono = Callable[..., Finished]


@pytest.fixture
def as_user(user: Account) -> Account:
    """An ordinary user is enough: what a call may do is for `test_calls.py`."""
    return user


@pytest.fixture
def asking(as_user: Account, project: Path) -> Nono:
    """nono with the channel of `command.py`, and the answers that it gives."""
    for directory in ("data", "more"):
        for number in range(3):
            as_user.file(as_user.home / directory / str(number), "x")

    def run(answers: str, *arguments: str) -> Finished:
        env = {"ANSWERS": answers}
        return as_user(as_user.python, "-P", "-c", COMMAND, *arguments, cwd=project, env=env)

    return run


def test_from_the_question_to_the_profile(asking: Nono, as_user: Account, project: Path) -> None:
    reading = ("cat", f"{as_user.home}/data/0", f"{as_user.home}/data/1")
    command = ("run", "--ask", "--", *reading)
    # A program of some milliseconds, whose question comes before trio.
    done = asking("d", *command)
    assert (done.returncode, done.stdout) == (0, "xx"), done.stderr
    assert (
        'channel: ["started", "serve", "read", "settled: all of ~/data/, this run", "close"]'
        in (done.stderr)
    )
    assert "nono: asked 1 time:\n  cat: read" in done.stderr
    assert f"allowed: all of ~/data/, this run  hint: --read {as_user.home}/data" in done.stderr

    why = asking("", "why", "--last")
    assert "asked 1 time" in why.stdout and "nothing was refused" in why.stdout
    shown = asking("", "audit", "show", "last").stdout
    assert "asked: cat: read" in shown and "(script tester, " in shown and "[answer 1, " in shown
    exported = [
        json.loads(line) for line in asking("", "audit", "export", "last").stdout.splitlines()
    ]
    (answered,) = [each for each in exported if each["kind"] == "answered"]
    assert answered["channel"] == "script" and answered["effect"] == "allow"
    assert any(
        each.get("rule", "") == answered["rule"] for each in exported if each["kind"] == "decision"
    )
    replayed = asking("", "audit", "replay", "last", "--questions")
    assert (replayed.returncode, replayed.stdout.splitlines()[0]) == (1, "1 question")

    # Kept for later runs here: the second run asks nothing.
    assert asking("A", *command).returncode == 0
    again = asking("", *command)
    assert (again.returncode, again.stdout) == (0, "xx"), again.stderr
    assert "asked" not in again.stderr
    listed = asking("", "answers", "list").stdout
    assert "filesystem.read: ~/data  (cat: read" in listed
    kept = sorted((as_user.home / ".config/nono/profiles").glob("@*.answers.json"))
    name = kept[0].name.removesuffix(".answers.json")
    assert len(kept) == 1
    for shown in ("default", name):
        told = asking("", "profile", "show", shown)
        assert f"{as_user.home}/data  [profile filesystem.read in " in told.stdout, told
    as_user.file(project / "none.json", "{}")
    changes = asking("", "profile", "diff", "./none.json", "default").stdout
    assert f"{as_user.home}/data" in changes, changes
    elsewhere = asking("", "answers", "list", "--workdir", str(as_user.home))
    assert elsewhere.stdout == "no answers are kept\n"
    assert "nono answers list --all" in elsewhere.stderr
    told = asking("", "why", "--path", reading[1])
    assert told.returncode == 0 and ".answers.json" in told.stdout
    promoted = asking("", "answers", "promote", "--all", "--into", "mine", "--yes")
    assert '+  "filesystem": {"read": ["~/data"]}' in promoted.stdout, promoted
    assert asking("", "answers", "list").stdout == "no answers are kept\n"
    assert asking("", "run", "--profile", "mine", "--", *reading).stdout == "xx"


def test_a_live_change_lets_go_what_waits(asking: Nono, as_user: Account) -> None:
    data, more = as_user.home / "data", as_user.home / "more"
    done = asking(f"grant={data} n", "run", "--ask=script", "--", "cat", f"{data}/0", f"{more}/0")
    assert done.stdout == "x"
    assert '"effect\\": \\"allow\\", \\"what\\"' in done.stderr
    assert "refused: no" in done.stderr
    shown = asking("", "audit", "show", "last").stdout
    assert f"granted by tester: allow read {data} [answer 1, " in shown
    assert "refused: read" in shown and "[answer 2, " in shown


def test_where_nobody_is(asking: Nono, as_user: Account, project: Path) -> None:
    reading = ("cat", f"{as_user.home}/data/0")
    done = asking("", "run", "--ask=gone", "--", *reading)
    assert done.returncode == 1
    assert "nobody answered, and it was refused" in done.stderr
    assert f"hint: --read-file {reading[1]}" in done.stderr
    assert "nobody could be asked" in asking("", "run", "--ask=none", "--", *reading).stderr
    assert nobody("watch", has_terminal=True) == [
        "nono: nobody could be asked: nobody watched: start `nono watch` in another terminal"
        " (--ask=watch)"
    ]
    assert "it has no terminal of its own" in nobody("auto", has_terminal=False)[0]
    assert "none of its streams is the terminal" in nobody("auto", has_terminal=True)[0]
    unknown = asking("", "run", "--ask", *reading)
    assert unknown.returncode == 125 and "a program to run comes after --" in unknown.stderr
    profile = as_user.file(project / "p.json", '{"ask": true, "filesystem": {"ask": ["~/data"]}}')
    done = asking(
        "o", "run", "--profile", f"./{profile.name}", "--allow", str(as_user.home), "--", *reading
    )
    assert done.stdout == "x"
    done = asking(
        "", "run", "--ask=none", "--profile", "./p.json", "-a", str(as_user.home), "--", *reading
    )
    assert done.returncode == 1


def test_learning_by_asking(asking: Nono, as_user: Account, project: Path) -> None:
    reading = ("cat", f"{as_user.home}/data/0", f"{as_user.home}/more/0", "in")
    as_user.file(project / "in", "i")
    done = asking("d o", "learn", "--ask=script", "--allow-cwd", "--json", "--", *reading)
    assert done.returncode == 0, done.stderr
    profile = json.loads(done.stdout)
    assert profile["filesystem"] == {"read": ["~/data"]}
    assert profile["workdir"] == {"access": "readwrite"}
    assert profile["ask"] is True


def test_the_help_names_every_channel(asking: Nono) -> None:
    words = " ".join(asking("", "run", "--help").stdout.split())
    told = words.partition("CHANNEL is who:")[2].partition("--")[0]
    for name in (AUTOMATIC, NOBODY, *(row.name for row in ROWS)):
        assert f" {name} (" in told or f" {name}." in told, name


LEAVES = """
import os
os.makedirs(f"{data}/new/.git")
for name, text in (("HEAD", "ref: refs/heads/x"), ("config", "[core]\\n\\tfsmonitor = x\\n")):
    with open(f"{data}/new/.git/{name}", "w") as file:
        file.write(text)
os.makedirs("made/.git/refs")
for name, text in (("HEAD", "ref: refs/heads/x"), ("config", "[core]\\n\\tfsmonitor = x\\n")):
    with open(f"made/.git/{name}", "w") as file:
        file.write(text)
"""
MOVES = """
import os
print(open(f"{data}/1").read(), open(f"{more}/a*").read())
os.symlink(f"{more}/0", "l")
os.rename("l", f"{data}/1")
os.symlink(f"{more}/0", "l")
os.rename("l", f"{more}/1")
"""


def script(as_user: Account, text: str) -> tuple[str, ...]:
    home = as_user.home
    return ("python3", "-c", f"data, more = '{home}/data', '{home}/more'\n{text}")


def test_what_is_left_where_an_answer_opened_is_told_of(
    asking: Nono, as_user: Account, project: Path
) -> None:
    done = asking("d d d d", "run", "--ask=script", "--allow-cwd", "--", *script(as_user, LEAVES))
    changed = next(line for line in done.stderr.splitlines() if line.startswith("nono: changed:"))
    assert "data/new/.git/config" in changed and "made/.git/config" in changed, done.stderr
    remove_tree(f"{as_user.home}/data/new")
    remove_tree(f"{project}/made")
    done = asking("d d d", "learn", "--ask=script", "--allow-cwd", "--", *script(as_user, LEAVES))
    assert "data/new/.git/config" in done.stderr and "nono: changed:" in done.stderr, done.stderr


def test_what_leads_elsewhere_is_not_learned_and_not_promoted(
    asking: Nono, as_user: Account, project: Path
) -> None:
    as_user.file(as_user.home / "more" / "a*", "x")
    moves = ("--read-file", f"{as_user.home}/more/1", "--", *script(as_user, MOVES))
    done = asking("r r o o", "learn", "--ask=script", "--allow-cwd", "--json", *moves)
    assert f"rename something to {as_user.home}/data/1" in done.stderr, done.stderr
    assert f"which was {project}/l, a link to {as_user.home}/more/0" in done.stderr
    assert "filesystem" not in json.loads(done.stdout)
    for moved in ("more/1", "data/1"):  # a flag said the one, an answer the other
        assert f"~/{moved}: by now it leads to {as_user.home}/more/0" in done.stderr
    assert f"{as_user.home}/more/a*: left out: no profile can name it" in done.stderr
    name = as_user.home / "data" / "1"
    for each in (name, as_user.home / "more" / "1"):
        each.unlink(missing_ok=True)
    as_user.file(name, "x")
    asking("a", "run", "--ask=script", "--allow-cwd", "--", "cat", str(name))
    name.unlink()
    name.symlink_to(as_user.home / "more" / "0")
    kept = asking("", "answers", "promote", "--all", "--into", "mine", "--yes")
    assert kept.returncode != 0 and "by now it leads to" in kept.stderr, kept
    assert "data/1" in asking("", "answers", "list").stdout


REFUSED = """
def attempt(name):
    try:
        open(name, "r+")
    except OSError as error:
        print(error)
for name in f"{data}/0", f"{data}/1", f"{more}/.bashrc", f"{more}/0":
    attempt(name)
"""


@pytest.mark.lots(kind="grant")
@pytest.mark.parametrize("answers", ["grant={data} N", "n D n", ""])
def test_the_last_run_tells_what_was_refused_as_its_report_does(
    asking: Nono, as_user: Account, answers: str
) -> None:
    """By an answer, by nobody, and beside what was granted; a hint is for a run without answers."""
    data = as_user.home / "data"
    as_user.file(as_user.home / "more/.bashrc")
    options = ("--ask=script" if answers else "--ask=gone", "--deny", f"{data}/1")
    done = asking(answers.format(data=data), "run", *options, "--", *script(as_user, REFUSED))
    reported = [each for each in done.stderr.splitlines() if not each.startswith("channel: ")]
    assert reported == asking("", "why", "--last").stdout.splitlines()[1:]
    if not answers.startswith("n"):
        assert f"hint: --allow-file {data}/0" in done.stderr, done.stderr
