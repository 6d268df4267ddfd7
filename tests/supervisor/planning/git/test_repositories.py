"""Which repositories are found from a directory: those that git enters, within bounds."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from nono.supervisor.descriptors import apart
from nono.supervisor.leaf_directories import LeafDirectories
from nono.supervisor.planning.git import git_directories, git_files, repositories
from nono.supervisor.planning.git.git_directories import GitDirectories
from nono.supervisor.planning.git.repositories import Repository, search


def make(top: Path) -> Path:
    """What is taken for a repository."""
    (top / ".git").mkdir(parents=True)
    return top


def tops(place: Path) -> list[str]:
    return sorted(os.path.relpath(each.top, place) for each in search([str(place)]).repositories)


@pytest.fixture
def opened(tmp_path: Path) -> Path:
    place = tmp_path.resolve() / "src"
    place.mkdir()
    return place


def test_below_a_directory(opened: Path) -> None:
    for name in ("a", "b/c/d/e", "b/c/d/f/g/too/deep", "node_modules/x", ".dotfiles"):
        make(opened / name)
    make(opened / "a/vendor/inside")
    for name in ("HEAD", "objects", "refs"):
        (opened / "bare.git" / name).mkdir(parents=True)
    assert tops(opened) == [".dotfiles", "a", "a/vendor/inside", "b/c/d/e", "bare.git"]
    bare = next(r for r in search([str(opened)]).repositories if r.top.endswith("bare.git"))
    assert bare == Repository(f"{opened}/bare.git", None, f"{opened}/bare.git")


def test_above_a_directory(opened: Path) -> None:
    make(opened)
    (opened / "x/y").mkdir(parents=True)
    assert tops(opened / "x/y") == ["../.."]


def test_very_many_directories_are_bounded_and_that_is_said(
    opened: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repositories, "_MAX_DIRECTORIES_AT_FIRST", 500)
    for number in range(600):
        (opened / f"{number}").mkdir()
    make(opened / "0/late")
    found = search([str(opened)])
    assert found.repositories == () and len(found.notes) == 1
    assert "too much is opened to look for git's repositories" in found.notes[0]


def test_names_in_all_directories_have_one_bound(
    opened: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None but the first two are listed."""
    monkeypatch.setattr(repositories, "_MAX_ALL_ENTRIES", 200)
    for name in "abcd":
        make(opened / f"{name}/below")
        for number in range(150):
            (opened / f"{name}/{number}").touch()
    listed: list[str] = []

    def noted(path: str, most: int) -> object:
        listed.append(path)
        return apart(path, most)

    monkeypatch.setattr(repositories, "apart", noted)
    (note,) = search([str(opened)]).notes
    assert f"{opened}/a" in listed and f"{opened}/d" not in listed
    assert "too much is opened to look for git's repositories" in note


def test_files_that_no_directory_is_beside_are_not_listed(
    opened: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(opened / "a/b")
    (opened / "c").mkdir()
    (opened / "c/file").touch()
    listed: list[str] = []
    scandir = os.scandir

    def noted(path: str) -> object:
        listed.append(path)
        return scandir(path)

    monkeypatch.setattr(LeafDirectories, "has", lambda _, path: path == f"{opened}/c")
    monkeypatch.setattr(os, "scandir", noted)
    assert tops(opened) == ["a/b"]
    assert f"{opened}/a" in listed and f"{opened}/c" not in listed


def test_in_a_repository_the_bound_is_nothing_to_say(opened: Path) -> None:
    make(opened)
    for number in range(600):
        (opened / f"{number}").mkdir()
    assert search([str(opened)]).notes == ()


HOSTILE: dict[str, Callable[[Path], object]] = {
    "a link in a circle": lambda git: (git / "worktrees").symlink_to("."),
    "a commondir in a circle": lambda git: (git / "commondir").write_text("."),
    "a commondir that is a fifo": lambda git: os.mkfifo(git / "commondir"),
    "an index that is a fifo": lambda git: os.mkfifo(git / "index"),
    "an index that is a link to itself": lambda git: (git / "index").symlink_to("index"),
    "two slashes": lambda git: (git / "commondir").write_text("//etc"),
    "bytes": lambda git: (git / "commondir").write_bytes(b"\xff\n"),
}


@pytest.mark.parametrize("how", HOSTILE)
def test_what_a_repository_says_is_only_where_to_look(opened: Path, how: str) -> None:
    make(opened)
    HOSTILE[how](opened / ".git")
    assert tops(opened) == ["."]
    assert GitDirectories().of(f"{opened}/.git")[0][0] == f"{opened}/.git"


def test_what_links_lead_to_again_and_again_has_one_bound(
    opened: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond it the places are named as a whole, for nothing to be changed there."""
    monkeypatch.setattr(git_directories, "_MAX_ALL_DIRECTORIES", 50)
    for number in range(30):
        (opened / f"modules/{number}").mkdir(parents=True)
    every = GitDirectories()
    wholes = []
    for name in "abc":
        make(opened / name)
        (opened / name / ".git/modules").symlink_to("../../modules")
        found, whole = every.of(f"{opened}/{name}/.git")
        wholes.append(whole)
        assert f"{opened}/{name}/.git" in found
    assert wholes[0] == [] and f"{opened}/b/.git/modules" in wholes[1] and wholes[2]


def test_work_trees_of_one_place_are_looked_at_once(
    opened: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repositories, "_MAX_WORK_TREES", 40)
    for number in range(30):
        (opened / f"worktrees/{number}").mkdir(parents=True)
        (opened / f"worktrees/{number}/gitdir").write_text("x" * 5000 + f"\n{opened}/w/.git\n")
    for name in "abc":
        make(opened / name)
        (opened / name / ".git/worktrees").symlink_to("../../worktrees")
    assert search([str(opened)]).unread == ()
    for number in range(30):
        (opened / f"others/{number}").mkdir(parents=True)
    make(opened / "d")
    (opened / "d/.git/worktrees").symlink_to("../../others")
    found = search([str(opened)])
    assert found.unread == (f"{opened}/d/.git/worktrees",) and len(found.notes) == 1


def test_an_index_that_is_not_understood_is_named(opened: Path) -> None:
    make(opened)
    (opened / ".git/index").write_bytes(b"DIRC\0\0\0\2\0\0\0\x09\0\0\xe0\0" + b"x" * 90)
    found = search([str(opened)])
    assert found.unread == (f"{opened}/.git/index",)
    assert len(found.notes) == 1


@pytest.mark.parametrize(
    ("named", "path"),
    [
        ("../wt", "p/wt"),
        ("../../../src/o", "../src/o"),
        ("~/wt", "p/.git/~/wt"),
        (".", "p/.git"),
        ("../sub/..", "p"),
        ("..", None),
        ("../", None),
        ("wt" * 3000, None),
        ("", None),
    ],
)
@pytest.mark.parametrize("file", ["config", "config.worktree"])
def test_a_work_tree_that_is_configured_is_one_more(
    opened: Path, named: str, path: str | None, file: str
) -> None:
    make(opened / "p")
    (opened / "p/sub").mkdir()
    git = opened / "p/.git"
    (git / file).write_text(f"[core]\n\tWorkTree = {named}\n")
    usual, *more = search([str(opened)]).repositories
    assert usual == Repository(f"{opened}/p", str(git), str(git))
    if path is None:
        assert more == []
    else:
        top = os.path.normpath(f"{opened}/{path}")
        assert more == [Repository(top, f"{top}/.git", str(git), f"{git}/{named}")]


def test_work_trees_that_are_configured_have_bounds(
    opened: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of very many git takes the last; in more text than is read there may be others."""
    make(opened)
    line = "worktree = {}\n"
    text = "[core]\n" + "".join(line.format(number) for number in range(1000))
    (opened / ".git/config").write_text(text)
    found = search([str(opened)])
    assert [each.top.rpartition("/")[2] for each in found.repositories][1:] == [
        str(number) for number in range(990, 1000)
    ]
    for name in ("_MAX_SETTINGS", "_MAX_CONFIGURED"):
        with monkeypatch.context() as less:
            less.setattr(git_files, name, 900)
            found = search([str(opened)])
        assert found.unread == (f"{opened}/.git/config",) and len(found.notes) == 1


@pytest.mark.requires(commands=["git"])
def test_submodules_and_work_trees_as_git_makes_them(opened: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(opened.parent)}
    identity = "git -c user.name=A -c user.email=a@example.org -c protocol.file.allow=always"
    script = (
        f"git init -q lib; {identity} -C lib commit -q --allow-empty -m x; git init -q p; cd p;"
        f" {identity} submodule --quiet add {opened}/lib x/y/z/sub;"
        f" {identity} commit -qm y; git worktree add -q .hidden/deep/er/w"
    )
    subprocess.run(["sh", "-ec", script], cwd=opened, env=environment, check=True)
    assert tops(opened / "p") == [".", ".hidden/deep/er/w", "x/y/z/sub"]
    shutil.rmtree(opened / "p/x/y/z/sub")
    assert tops(opened / "p") == [".", ".hidden/deep/er/w"]
