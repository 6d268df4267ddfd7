"""The look at the end has bounds that are of all repositories, since links make many of one."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from nono.broker import FLOOR_ACCESS, Effect, Origin, OriginKind, Rule, Subtree
from nono.supervisor.decisions import left_in_repositories, new_repository
from nono.supervisor.decisions.file_states import State, state
from nono.supervisor.decisions.left_in_repositories import LeftInRepositories
from nono.supervisor.decisions.repository_walk import walk
from nono.supervisor.decisions.run_by_people import RunByPeople

_ORIGIN = Origin(OriginKind.FLAG, "--allow")


@pytest.fixture
def opened(tmp_path: Path) -> Path:
    place = tmp_path.resolve() / "src"
    place.mkdir()
    return place


def look(opened: Path) -> RunByPeople:
    return RunByPeople([Rule(Subtree(str(opened)), FLOOR_ACCESS, Effect.ALLOW, _ORIGIN)])


def bare(place: Path) -> Path:
    """What git could take for a repository."""
    place.mkdir(parents=True)
    (place / "HEAD").touch()
    (place / "config").write_text("[core]\n\tbare = true\n")
    return place


def test_hooks(opened: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new_repository, "_MAX_ALL_HOOKS", 50)
    before = look(opened)
    (opened / "hooks").mkdir()
    for number in range(30):
        (opened / f"hooks/{number}").touch()
    for number in range(20):
        (bare(opened / f"r{number:02}") / "hooks").symlink_to("../hooks")
    told = before.changed()
    assert sum("/hooks/" in each for each in told) == 50
    assert sum(each.endswith("/hooks") for each in told) == 20


def test_hooks_that_were_there(opened: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound each directory is named, whether or not something is new in it."""
    monkeypatch.setattr(new_repository, "_MAX_ALL_HOOKS", 50)
    for name in "abc":
        (opened / name / ".git/hooks").mkdir(parents=True)
        (opened / name / ".git/HEAD").touch()
        for number in range(20):
            (opened / name / f".git/hooks/{number}").touch()
    told = look(opened).changed()
    assert told == [f"{opened}/c/.git/hooks"]


def test_hooks_of_what_is_no_repository_yet(opened: Path) -> None:
    """Those that were there are told of where the run made one of it."""
    hooks = opened / ".git/hooks"
    hooks.mkdir(parents=True)
    for name in ("pre-commit", "commit-msg"):
        (hooks / name).write_text("#!/bin/sh\n")
    assert look(opened).changed() == []
    before = look(opened)
    (hooks / "commit-msg").write_text("#!/bin/sh\n:\n")
    (hooks / "post-commit").touch()
    changed = [f"{hooks}/{name}" for name in ("commit-msg", "post-commit")]
    assert before.changed() == changed
    before = look(opened)
    (opened / ".git/HEAD").touch()
    assert before.changed() == sorted([*changed, f"{hooks}/pre-commit"])


def test_new_repositories(opened: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(left_in_repositories, "_MAX_NEW", 3)
    before = look(opened)
    for number in range(5):
        bare(opened / f"r{number}")
        (opened / f"l{number}").mkdir()
        (opened / f"l{number}/.git").write_text("gitdir: ../nothing\n")
    told = before.changed()
    assert [each for each in told if "/r" in each] == [f"{opened}/r{n}" for n in range(5)]
    assert [each for each in told if "/l" in each] == [f"{opened}/l{n}/.git" for n in range(5)]


def test_links_in_a_deep_directory(opened: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each directory on the way is looked at once, however many links there are."""
    deep = opened / ".git" / "/".join("d" * 60)
    deep.mkdir(parents=True)
    for number in range(60):
        (deep / f"{number}").symlink_to("x")
    looked: list[str] = []

    def noted(path: str) -> State | None:
        looked.append(path)
        return state(path)

    left = LeftInRepositories({}, time.time_ns() + 10**10)
    left.open([str(opened)], [])
    monkeypatch.setattr(left_in_repositories, "state", noted)
    assert not any(each.startswith(str(deep)) for each in left.changed(walk([str(opened)])))
    assert 120 <= len(looked) < 200


def test_a_rebase_that_is_a_link_is_named(opened: Path) -> None:
    (opened / ".git").mkdir()
    (opened / ".git/HEAD").touch()
    (opened / ".git/rebase-merge").symlink_to("../elsewhere")
    assert f"{opened}/.git/rebase-merge" in look(opened).changed()


def test_long_paths_count_more(opened: Path) -> None:
    place = opened
    for _ in range(8):
        place /= "d" * 250
    place.mkdir(parents=True)
    assert walk([str(opened)], 12).cut == [str(opened)]
    assert walk([str(opened)], 60).cut == []
    os.removedirs(place)


@pytest.mark.parametrize("named", ["../wt", "../src/..", "../led"])
def test_a_work_tree_that_is_elsewhere_is_named(opened: Path, named: str) -> None:
    """Where nothing keeps it from being moved, as when the protection was lifted."""
    for name in ("src", "wt", "elsewhere/src"):
        (opened / name).mkdir(parents=True)
    (opened / "led").symlink_to("wt")
    bare(opened / ".git").joinpath("config").write_text(f"[core]\n\tworktree = {named}\n")
    before = look(opened)
    assert before.changed() == []
    for name in ("src", "wt"):
        (opened / name).rmdir()
        (opened / name).symlink_to("elsewhere/src")
    top = named.removeprefix("../").removesuffix("src/..")
    assert str(opened / top) in before.changed()


@pytest.mark.requires(commands=["git"])
def test_what_a_repository_configures_runs_in_a_new_work_tree(opened: Path) -> None:
    def git(*words: str) -> None:
        person = ("-c", "user.name=x", "-c", "user.email=x")
        subprocess.run(
            ["git", *person, *words], cwd=opened / "one", check=True, capture_output=True
        )

    (opened / "one").mkdir()
    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "x")
    git("config", "core.hooksPath", "tools/hooks")
    before = look(opened)
    git("worktree", "add", "../two")
    assert before.changed() == []
    (opened / "two/tools/hooks").mkdir(parents=True)
    (opened / "two/tools/hooks/pre-commit").touch()
    assert before.changed() == [f"{opened}/two/tools/hooks/pre-commit"]


def test_what_was_not_looked_at_before_is_not_said_to_be_changed(opened: Path) -> None:
    """Deeper than the start looks there may be repositories, with what git runs in them."""
    place = opened / "1/2/3/4/5/6"
    for name in ("old", "other", "used"):
        hooks = bare(place / name / ".git") / "hooks"
        hooks.mkdir()
        (hooks / "pre-commit").touch()
    time.sleep(0.05)  # more than the clock of files lags behind
    before = look(opened)
    hook = ".git/hooks/pre-commit"
    (place / "used" / hook).write_text("x")
    make = bare(place / "new/.git") / "hooks"
    make.mkdir()
    (make / "pre-commit").touch()
    changed = before.changed()
    assert [path for path in changed if path.endswith(hook)] == [
        *(f"{place}/new/{hook}", f"{place}/used/{hook}")
    ]
    assert not any("/old/" in path or "/other/" in path for path in changed)
    (note,) = before.notes
    assert f"{place}/old/" in note and "not looked at before this run, nor were" in note
