"""Calls that wait for an answer: how many questions there are, and what each answer does."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import BY_A_USER, Account, program_beside

pytestmark = pytest.mark.requires(landlock=6)

SCRIPTED = program_beside(__file__, "scripted.py")
PROGRAMS = Path(__file__).parent / "programs"


def outcomes(account: Account, project: Path, *cases: str) -> dict[str, Any]:
    """Run these cases of `scripted.py` in one process; what became of each."""
    outside = project.parent / f"{project.name}-outside"
    for directory in ("many", "one", "tree", "wide"):
        account.directory(outside / directory)
    for number in range(300):
        account.file(outside / "many" / str(number), "x")
    for number in range(12):
        account.file(outside / "tree" / str(number) / "deep" / "f", "x")
    for number in range(60):
        account.file(outside / "wide" / str(number) / "f", "x")
    account.file(outside / "one" / "f", "one")
    account.file(outside / "one" / "program", "#!/bin/sh\n", mode=0o755)
    account.file(outside / "secret", "secret")
    account.file(account.home / ".ssh" / "id_rsa", "key")
    env = {"OUTSIDE": str(outside), "PROGRAMS": str(PROGRAMS)}
    done = account.host(SCRIPTED, *cases, cwd=project, env=env)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    for name, each in found.items():
        assert not each["faults"] or name.startswith(("fails", "other")), each["faults"]
    return found


def test_what_an_answer_opens_is_held_as_at_the_start(as_user: Account, project: Path) -> None:
    """A repository beside the project: its hooks, and another name of a start file."""
    other = project.parent / f"{project.name}-outside" / "other"
    for name in ("HEAD", "config", "objects/x", "refs/x", "hooks/x"):
        as_user.file(other / ".git" / name, "")
    as_user.directory(other / ".vscode")
    as_user.file(other / "a.txt", "")
    bashrc = as_user.file(as_user.home / ".bashrc", "")
    (other / "rc").hardlink_to(bashrc)
    try:
        found = outcomes(as_user, project, "other_repository")["other_repository"]
    finally:
        (other / "rc").unlink()
    refused = (".git/hooks/post-commit", ".git/config", ".envrc", ".vscode/tasks.json", "rc")
    said = ["a.txt written", "b.txt written", *(f"{name} {errno.EPERM}" for name in refused)]
    assert found["out"].splitlines() == said, found
    assert len(found["asked"]) == 1 and not bashrc.read_text()


@BY_A_USER
def test_few_questions(as_user: Account, project: Path) -> None:
    """A loop is one question, whatever is done in one directory is one, a search is two."""
    found = outcomes(as_user, project, "loop", "combinations", "walk", "thousand", "never", "tools")
    assert (len(found["loop"]["asked"]), found["loop"]["out"]) == (1, "300\n")
    assert len(found["combinations"]["asked"]) <= 2, found["combinations"]["asked"]
    assert found["combinations"]["out"] == "0o100644\n", found["combinations"]["err"]
    assert len(found["walk"]["asked"]) <= 2, found["walk"]["asked"]
    assert (len(found["thousand"]["asked"]), found["thousand"]["out"]) == (1, "1000\n")
    assert 0 < found["thousand"]["threads"] < 50  # of the host's, while they wait
    # The benchmark is three at the most for each program; these need nothing of the person's.
    assert found["tools"]["code"] == 0, found["tools"]["err"]
    assert len(found["tools"]["asked"]) <= 1, found["tools"]["asked"]
    never = found["never"]
    assert never["asked"] == []
    numbers = [int(word) for word in never["out"].split()]
    assert numbers[0] == errno.ENOENT
    assert all(numbers), numbers


def test_the_object_that_was_decided(as_user: Account, project: Path) -> None:
    """A path that leads elsewhere by the time of the answer is another question."""
    found = outcomes(as_user, project, "race")["race"]
    assert [each[1].rpartition("/")[2] for each in found["asked"]] == ["f", "secret"]
    assert found["out"] == f"{errno.EACCES}\n"


@BY_A_USER
def test_a_function_that_answers_at_once_decides_on_the_object(
    as_user: Account, project: Path
) -> None:
    """The call goes on with what it has resolved, wherever the path leads by then."""
    names = ("each_once", "combinations", "quits", "refused", "flags")
    at_once = [f"{name}_at_once" for name in names]
    found = outcomes(as_user, project, "race_at_once", "swaps", *names, *at_once)
    race, swaps = found["race_at_once"], found["swaps"]
    assert race["asked"][0][1].endswith("/one/f") and race["asked"][1][1].endswith("/secret")
    assert race["out"] == "['one', 'secret']\n"  # what was asked about first is what was opened
    # Decided as the one, it is never the other that is read.
    assert swaps["out"] == f"{[str(errno.EACCES), 'one']}\n", swaps["err"]
    for name in names:
        one, other = found[name], found[f"{name}_at_once"]
        for part in ("out", "asked", "verdicts"):
            assert one[part] == other[part], (name, part)
    flags = found["flags_at_once"]
    assert flags["code"] == 0, flags["err"]
    shown = [line.split()[:2] for line in flags["out"].splitlines()]
    kept = ["0o0", "0o0", oct(os.O_APPEND), oct(os.O_NONBLOCK), "0o0", oct(os.O_SYNC), "0o0", "0o0"]
    assert shown[:8] == [[each, "01"[at in (1, 2, 6)]] for at, each in enumerate(kept)]
    assert shown[8:] == [["-1", "ENOTDIR"], ["-1", "ENOTDIR"], ["-1", "EMFILE"]]


@BY_A_USER
def test_answers_for_once_do_not_add_up(as_user: Account, project: Path) -> None:
    """Two moves are asked about while the arguments change: a third is none of them."""
    found = outcomes(as_user, project, "mixed")["mixed"]
    assert found["out"].split()[:2] == ["-1", str(errno.EACCES)], found
    names = [sorted(path.rpartition("/")[2] for path in each[4]) for each in found["asked"]]
    assert names == [["f", "old"], ["new", "program"], ["old", "program"]]


@BY_A_USER
def test_a_link_that_leads_elsewhere_by_now_is_another_question(
    as_user: Account, project: Path
) -> None:
    found = outcomes(as_user, project, "details")["details"]
    assert found["out"] == f"-1 {errno.EACCES}\n", found
    assert [each[4][1] for each in found["asked"]] == ["harmless", "elsewhere"]


@BY_A_USER
def test_once_is_for_one_call_and_survives_signals(as_user: Account, project: Path) -> None:
    cases = outcomes(as_user, project, "alarm", "resized")
    found = cases["alarm"]
    assert found["out"] == f"one True\n{errno.EACCES}\n", found["err"]
    assert len(found["asked"]) == 2
    # A handler without SA_RESTART, of a signal that the question itself may cause.
    assert cases["resized"]["out"] == "one True\n", cases["resized"]["err"]
    assert len(cases["resized"]["asked"]) == 1


@BY_A_USER
def test_a_caller_that_dies_takes_its_question_along(as_user: Account, project: Path) -> None:
    """Its siblings go on meanwhile."""
    found = outcomes(as_user, project, "dies")["dies"]
    assert found["out"] == "True\n-9\n"
    assert found["seconds"] < 20


@BY_A_USER
def test_what_refuses(as_user: Account, project: Path) -> None:
    """No answer, one that is no offer, an exception, no, and no more questions."""
    cases = ("each_once", "fails", "nobody", "other", "quits", "refused", "flood")
    found = outcomes(as_user, project, *cases)
    no = f"{errno.EACCES}\n" * 3
    assert found["each_once"]["out"] == "read x\nread x\nread one\n"
    assert len(found["each_once"]["asked"]) == 3
    for name, questions in (("fails", 3), ("nobody", 3), ("other", 3), ("quits", 1)):
        assert found[name]["out"] == no, name
        assert len(found[name]["asked"]) == questions, name
        if name != "quits":
            assert set(found[name]["rules"]) == {"the default"}, name
    assert all(rule.startswith("answer ") for rule in found["quits"]["rules"])
    # What somebody was asked about, and refused, is a refusal and no question any more.
    for name in ("fails", "nobody", "other", "refused", "quits"):
        assert set(found[name]["verdicts"]) == {"Deny"}, name
    assert found["refused"]["out"] == no
    assert len(found["refused"]["asked"]) == 2
    assert all(rule.startswith("answer ") for rule in found["refused"]["rules"])
    flood = found["flood"]
    assert flood["out"] == "60\n"
    # Three refusals in ten seconds make the place quiet; 20 more questions may wait by then.
    assert len(flood["asked"]) <= 23, len(flood["asked"])


@BY_A_USER
def test_nobody_is_asked_about_what_fails_whatever_is_answered(
    as_user: Account, project: Path
) -> None:
    found = outcomes(as_user, project, "fails_by_itself")["fails_by_itself"]
    assert json.loads(found["out"]) == {
        "unlink of a directory": "EISDIR",
        "rmdir of a file": "ENOTDIR",
        "a device": "EPERM",
        "a directory elsewhere": "EXDEV",
        "a directory in": "EACCES",
        "exchange": "EACCES",
        "exchange, the other way": "EACCES",
        "nothing is replaced": "EEXIST",
        "a file over a directory": "EISDIR",
        "a directory over a file": "ENOTDIR",
        "what is there": "EEXIST",
        "what is not there": "ENOENT",
    }, found["err"]
    assert found["asked"] == []
