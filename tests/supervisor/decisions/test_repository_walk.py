"""The walk at the end: every name that git could take for a repository, within a bound."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nono.broker import FLOOR_ACCESS, Effect, Origin, OriginKind, Rule, Subtree
from nono.supervisor.decisions import repository_walk
from nono.supervisor.decisions.repository_walk import walk
from nono.supervisor.decisions.run_by_people import RunByPeople


@pytest.fixture
def opened(tmp_path: Path) -> Path:
    place = tmp_path.resolve() / "src"
    place.mkdir()
    return place


def test_everything_below_and_nothing_outside(opened: Path) -> None:
    (opened / "a/node_modules/b/c/d/e/f/.git/objects").mkdir(parents=True)
    (opened / "a/node_modules/b/c/d/e/f/.git/HEAD").touch()
    (opened / "empty/.git").mkdir(parents=True)
    (opened / "file").mkdir()
    (opened / "file/.git").write_text("gitdir: x")
    (opened / "bare").mkdir()
    (opened / "bare/HEAD").symlink_to("nothing")
    (opened / "bare/commondir").touch()
    (opened / "no/HEAD").mkdir(parents=True)
    (opened.parent / "outside/.git").mkdir(parents=True)
    (opened / "link").symlink_to("../outside")
    found = walk([str(opened), str(opened / "a")])
    names = ("empty/.git", "file/.git", "a/node_modules/b/c/d/e/f/.git")
    assert sorted(found.links) == sorted(f"{opened}/{name}" for name in names)
    assert found.directories == [f"{opened}/bare", f"{opened}/a/node_modules/b/c/d/e/f/.git"]
    assert sorted(found.tops()) == sorted(
        f"{opened}/{n}" for n in ("a/node_modules/b/c/d/e/f", "file", "bare")
    )
    assert (found.unread, found.cut) == ([], [])


def test_the_bound_is_said(opened: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        (opened / f"{number}").mkdir()
    assert walk([str(opened)], 20).cut == []
    assert walk([str(opened)], 19).cut == [str(opened)]
    monkeypatch.setattr(repository_walk, "walk", lambda given: walk(given, 5))
    origin = Origin(OriginKind.FLAG, "--allow")
    before = RunByPeople([Rule(Subtree(str(opened)), FLOOR_ACCESS, Effect.ALLOW, origin)])
    before.changed()
    assert before.notes == [
        f"more than 200,000 names below {opened}: look for repositories there yourself"
    ]


def test_what_is_too_deep_to_be_looked_into_is_named(opened: Path) -> None:
    name = "d" * 200
    here = os.open(opened, os.O_RDONLY)
    for _ in range(25):
        os.mkdir(name, dir_fd=here)
        inside = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inside
    os.close(here)
    assert len(walk([str(opened)]).unread) == 1
