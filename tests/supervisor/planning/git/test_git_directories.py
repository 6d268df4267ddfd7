"""The directories of repositories that are looked at together, where there are too many."""

from __future__ import annotations

from pathlib import Path

import pytest

from nono.broker import Access, Allow, Open
from nono.broker.requests import RecordedProcess
from nono.supervisor import Options, make_plan
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


@pytest.mark.parametrize("name", ["commondir", ".git"])
def test_what_leads_to_a_directory_by_too_many_others_is_kept_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Nothing of the work tree, or of its own directories, is changed then."""
    monkeypatch.setattr(git_directories, "_MAX_PASSED", 49)
    home = tmp_path.resolve() / "home"
    (home / "p/t/g").mkdir(parents=True)
    ways = "".join(f"{number}/../" for number in range(50))
    (home / "p/t/.git").write_text(f"gitdir: {ways if name == '.git' else ''}g\n")
    (home / "p/t/g/HEAD").touch()
    (home / "p/t/g/commondir").write_text(f"{ways if name == 'commondir' else ''}.\n")
    options = Options(workdir=str(home / "p"), allow_cwd=True)
    policy = make_plan(options, (), {"HOME": str(home)}).policy
    kept = "t/new" if name == ".git" else "t/g/worktrees/new"
    for path, may_be in ((kept, False), ("t/g/objects/x", name != ".git"), ("new", True)):
        verdict = policy.decide(Open(RecordedProcess(1), str(home / "p" / path), Access.WRITE))
        assert isinstance(verdict, Allow) is may_be, path
