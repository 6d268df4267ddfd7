"""Whoever lacks a file of git's own directory is told of the directory."""

from __future__ import annotations

import pytest

from nono.broker import Access, Deny, Open, Policy, explain
from nono.broker.explaining.git_directory import bare_directories, git_directory
from nono.broker.requests import RecordedProcess

PATHS = {
    "/p/.git/HEAD": "/p/.git",
    "/p/.git/objects/ab/cd": "/p/.git",
    "/p/.git/worktrees/w/HEAD": "/p/.git",
    "/p/.git/modules/a/HEAD": "/p/.git/modules/a",
    "/p/.git/modules/a/b/objects/pack/x": "/p/.git/modules/a/b",
    "/p/.git/modules/config/config": "/p/.git/modules/config",
    "/p/.git/modules/a": "/p/.git",
    "/p/.git": None,
    "/p/.gitignore": None,
    "/p/x.git/HEAD": None,
}


def test_where_a_repository_without_a_work_tree_may_be() -> None:
    assert list(bare_directories("/s/r.git/objects/ab/cd")) == ["/s/r.git"]
    assert list(bare_directories("/refs/x/config")) == ["/refs/x"]
    assert list(bare_directories("/HEAD")) == list(bare_directories("/s/file")) == []


@pytest.mark.parametrize("path", PATHS)
def test_the_directory_of_a_path(path: str) -> None:
    assert git_directory(path) == PATHS[path]


@pytest.mark.parametrize(
    ("access", "fix"),
    [
        (Access.READ, ("--read", "/p/.git")),
        (Access.WRITE, ("--write-file", "/p/.git/HEAD")),
    ],
)
def test_it_is_opened_for_reading_only(access: Access, fix: tuple[str, ...]) -> None:
    policy, request = Policy(()), Open(RecordedProcess(1), "/p/.git/HEAD", access)
    verdict = policy.decide(request)
    assert isinstance(verdict, Deny)
    assert explain(policy, request, verdict).fix == fix
