"""With `--ask`, nono's library for opens gets past no question, and no answer means less by it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from nono.shims.linux.marked_opens import MARK
from tests.conftest import TIMEOUT, Account, program_beside

pytestmark = pytest.mark.requires(landlock=6, commands=["gcc"], preload=True)

COMMAND = program_beside(__file__, "answer_by_path.py")
PROGRAM = program_beside(__file__, "open_each_way.py")
REFUSED = "EACCES"
ANSWERED = {"once": "o", "run": "d", "no": "n"}
"""What files are called, and the id of the answer that they get."""


def opened(
    account: Account, project: Path, way: str, *words: str, rules: dict[str, list[str]]
) -> tuple[list[tuple[str, str, str]], list[str]]:
    """What came of each open (its way, the file's name, what it read), and what was asked about."""
    asked = account.file(project / "asked-about")
    profile = account.file(project / "profile.json", json.dumps({"filesystem": rules}))
    env = {"ASKED": str(asked), "OPENED": str(project / "outside")}
    run = (
        "run",
        "-q",
        "--ask=script",
        "--no-audit",
        way,
        "--allow",
        ".",
        "--profile",
        str(profile),
    )
    inner = ("/usr/bin/python3", "-I", "-S", "-c", PROGRAM, hex(MARK), *words)
    words = (*run, "--", *inner)
    work = project / "work"
    done = account.host(COMMAND, *words, cwd=work, env=env, timeout=TIMEOUT, has_command=True)
    assert done.returncode == 0, done.stderr
    outcomes = [line.split(" ") for line in done.stdout.splitlines()]
    return (
        [(way, os.path.basename(path), said) for way, path, said in outcomes],
        [os.path.basename(line) for line in asked.read_text().splitlines()],
    )


@pytest.fixture
def made(as_user: Account, project: Path) -> Path:
    """Files that a rule asks about, in the middle of what is open, and files that no rule names."""
    for place in ("work/asked", "outside"):
        for name, answer in ANSWERED.items():
            for each in (f"{answer}-{name}", f"{answer}-{name}-plainly"):
                as_user.file(project / place / each / each, "text")
    as_user.file(project / "work/open", "text")
    return project


@pytest.mark.parametrize("kept", ["work/asked", "outside"], ids=["ruled", "unknown"])
@pytest.mark.parametrize("way", ["--preload", "--no-preload"])
def test_each_answer_holds_for_each_way_to_open(
    as_user: Account, made: Path, kept: str, way: str
) -> None:
    """The mark alone never gets there, before an answer and after it: the floor stays as it is."""
    marked = "m" if way == "--preload" else ""
    words = [f"{marked}lp:{made / 'work/open'}"]
    # The refusals come last: after some of them nobody is asked any more.
    for name in sorted(os.listdir(made / kept), key=lambda each: (each[0] == "n", each)):
        ways = f"{marked}p{marked}lp" if name.endswith("plainly") else f"{marked}l{marked}pl"
        words += [f"{ways}:{made / kept / name / name}"]
    outcomes, asked = opened(as_user, made, way, *words, rules={"ask": [str(made / "work/asked")]})
    expected = {"o": "text", "d": "text", "n": REFUSED}
    for each, name, said in outcomes:
        is_marked = each == "m" and name != "open"
        assert said == (REFUSED if is_marked else expected.get(name[0])), (each, name)
    # Each call by itself, but for what an answer is kept of.
    for suffix in ("", "-plainly"):
        assert asked.count(f"o-once{suffix}") == 3
        assert asked.count(f"d-run{suffix}") == 1


@pytest.mark.parametrize("way", ["--preload", "--no-preload"])
def test_another_name_is_asked_about_as_well(as_user: Account, made: Path, way: str) -> None:
    """Of a file that a rule asks about: a hard link, and a symbolic one, where all else is open."""
    names = [made / "work/n-hard", made / "work/symbolic"]
    asked_about = made / "work/asked/n-no/n-no"
    names[0].hardlink_to(asked_about)
    names[1].symlink_to(asked_about)
    words = [f"{'m' if way == '--preload' else ''}lp:{name}" for name in names]
    rules = {"ask": [str(made / "work/asked")]}
    outcomes, asked = opened(as_user, made, way, *words, rules=rules)
    assert {said for _, _, said in outcomes} == {REFUSED}
    assert asked == ["n-hard"] * 2 + ["n-no"] * 2


@pytest.mark.parametrize("way", ["--preload", "--no-preload"])
def test_what_was_opened_during_the_run_is_closed_for_each_way(
    as_user: Account, made: Path, way: str
) -> None:
    """By the library and past it, often enough that the lane in C answers."""
    file, gates = as_user.file(made / "outside/data/n-file", "text"), made / "outside"
    ways = ("m" if way == "--preload" else "") + "lp" * 3
    words = [f"l:{gates}/gate-grant-data", f"{ways}:{file}"]
    words += [f"l:{gates}/gate-revoke", f"{ways}:{file}"]
    for name in ("gate-grant-data", "gate-revoke"):
        as_user.file(gates / name)
    outcomes, asked = opened(as_user, made, way, *words, rules={"ask": [str(gates)]})
    said = [said if way != "m" else f"marked {said}" for way, _, said in outcomes]
    marked = [f"marked {REFUSED}"] if way == "--preload" else []
    assert said == [REFUSED, *marked, *["text"] * 6, REFUSED, *marked, *[REFUSED] * 6]
    assert set(asked) == {"n-file"}
