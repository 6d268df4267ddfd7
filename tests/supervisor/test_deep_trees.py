"""A path may have 2,048 names, and a run can leave such a one: nothing calls itself for each."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from nono.broker import ALL_ACCESS, Access, Effect, Glob, Origin, OriginKind, Rule, Subtree
from nono.broker.floor.carve import carve
from nono.supervisor.decisions.other_mounts import Mount, Twice
from nono.supervisor.decisions.refused_files import RefusedFiles
from nono.supervisor.decisions.tree import RealTree
from nono.supervisor.links import Ways
from nono.supervisor.places import canonical
from nono.supervisor.planning.paths.links_inside import LinksInside
from nono.supervisor.planning.paths.reach import Reach
from nono.supervisor.walk import Followed

LEVELS = 1500
PERSON = Origin(OriginKind.FLAG, "x")


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """With directories below each other, a file in the last of them, and a link to it."""
    monkeypatch.chdir(tmp_path)
    for _ in range(LEVELS):
        os.mkdir("a")
        os.chdir("a")
    Path("x.pem").touch()
    os.symlink("x.pem", "link")
    os.chdir(tmp_path)
    yield str(tmp_path.resolve())
    subprocess.run(["rm", "-rf", "a"], check=True)  # what others remove with calls itself, too


def test_each_look_at_a_path_goes_as_deep_as_the_path(top: str) -> None:
    file = f"{top}{'/a' * LEVELS}/x.pem"
    assert Ways(top).canonical(file.replace("x.pem", "link")) == file
    refusal = Rule(Subtree(file), ALL_ACCESS, Effect.DENY, PERSON)
    assert [path for _, path, _ in RefusedFiles().of([refusal])] == [file]
    grant = Rule(Subtree(top), ALL_ACCESS, Effect.ALLOW, PERSON)
    search = LinksInside(Reach([grant]), top, Followed())
    assert search.search({os.path.dirname(file): "x"}) == {file: file.replace("x.pem", "link")}


def test_the_floor_is_carved_as_deep(top: str) -> None:
    grant = Rule(Subtree(top), Access.READ, Effect.ALLOW, PERSON)
    refusal = Rule(Glob("**/*.pem"), ALL_ACCESS, Effect.DENY, PERSON)
    floor = carve((grant, refusal), (), RealTree(), frozenset())
    assert [each.pattern for each in floor.matched] == [Subtree(f"{top}{'/a' * LEVELS}/x.pem")]


def test_other_names_are_known_of_all_above() -> None:
    twice = Twice([Mount("8:1", "/", "/"), Mount("8:2", "/", "/m"), Mount("8:2", "/", "/n")])
    assert not twice.are_alone(["/m" + "/a" * 2000])
    assert twice.are_alone(["/b" + "/a" * 2000])


def test_a_chain_of_links_leads_as_far_as_the_kernel_follows(tmp_path: Path) -> None:
    top = tmp_path.resolve()
    for number in range(LEVELS):
        (top / f"l{number + 1}").symlink_to(f"l{number}")
    assert canonical(f"{top}/l5") == f"{top}/l0"
    assert canonical(f"{top}/l{LEVELS}") == f"{top}/l{LEVELS - 40}"
