"""The directories of repositories that are looked at together, where there are too many."""

from __future__ import annotations

from pathlib import Path

import pytest

from nono.supervisor.planning.git import git_directories
from nono.supervisor.planning.git.git_directories import GitDirectories


def test_what_a_work_tree_shares_is_known_when_all_looks_are_used_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_directories, "_MAX_ALL_DIRECTORIES", 2)
    junk, main = tmp_path / "junk/.git", tmp_path / "main/.git"
    for number in range(3):
        (junk / f"modules/{number}").mkdir(parents=True)
    own = main / "worktrees/w"
    own.mkdir(parents=True)
    (own / "commondir").write_text("../..\n")
    every = GitDirectories()
    for repository in (junk, own):
        directories, whole = every.of(str(repository))
        assert str(repository) in directories
        assert f"{repository}/modules" in whole
    assert str(main) in directories and f"{main}/worktrees" in whole
    assert every.cut == [str(junk), str(own)]
