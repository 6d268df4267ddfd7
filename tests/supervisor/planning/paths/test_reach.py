"""What a person names inside of what is protected is open; the rest of it, and what lies in the
named itself and is protected there, stays as it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nono.broker import Access, Allow, Open
from nono.broker.requests import RecordedProcess
from nono.supervisor import Options, Plan, make_plan


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path.resolve() / "home"
    for name in (
        "src/p/.git/hooks",
        "src/p/.claude/worktrees/w1/.vscode",
        "src/p/.claude/worktrees/w2",
        "src/p/.vscode/snippets",
        ".config/nvim/undo",
    ):
        (home / name).mkdir(parents=True)
    return home


def plan(home: Path, workdir: str, **options: object) -> Plan:
    made = Options(workdir=str(home / workdir), **options)  # type: ignore[arg-type]
    return make_plan(made, (), {"HOME": str(home)})


def may_write(made: Plan, path: Path) -> bool:
    verdict = made.policy.decide(Open(RecordedProcess(1), str(path), Access.WRITE))
    return isinstance(verdict, Allow)


def test_the_snippets_and_not_the_tasks(home: Path) -> None:
    made = plan(home, "src/p", allow_cwd=True, allow=[".vscode/snippets"])
    assert may_write(made, home / "src/p/.vscode/snippets/x.json")
    for name in ("tasks.json", "new/below", ""):
        assert not may_write(made, home / "src/p/.vscode" / name), name


def test_a_directory_of_an_editor(home: Path) -> None:
    made = plan(home, "", allow=["~", "~/.config/nvim/undo"])
    assert may_write(made, home / ".config/nvim/undo/x")
    assert not may_write(made, home / ".config/nvim/init.lua")


@pytest.mark.parametrize("wide", ["~/src", "~", "~/src/p"])
def test_a_work_tree_in_a_directory_of_an_agent(home: Path, wide: str) -> None:
    tree = home / "src/p/.claude/worktrees/w1"
    (tree / ".git").write_text("gitdir: ../../../.git/worktrees/w1\n")
    made = plan(home, "src/p/.claude/worktrees/w1", allow_cwd=True, allow=[wide])
    assert may_write(made, tree / "src/main.py")
    for name in (".git", ".vscode/tasks.json", ".envrc", "../w2/x", "../../settings.json"):
        assert not may_write(made, Path(str((tree / name).parent.resolve() / (tree / name).name)))


def test_alone_it_is_as_it_was(home: Path) -> None:
    made = plan(home, "", allow=["~/.config/nvim/undo"])
    assert may_write(made, home / ".config/nvim/undo/x")
    assert not may_write(made, home / ".config/nvim/init.lua")


@pytest.mark.parametrize(
    ("pattern", "opened"),
    [
        ("~/src/p/.vscode/**", {"snippets/x", "tasks.json"}),
        ("~/src/p/.vscode/snip*/**", {"snippets/x"}),
        ("~/src/p/.vscode/snippets/**", {"snippets/x"}),
        ("~/src/p/.vscode/**/x", set()),
        ("~/src/p/.vs*/**", set()),
        ("~/src/*/.vscode/**", set()),
    ],
)
def test_a_pattern_that_begins_there_names_directories(
    home: Path, tmp_path: Path, pattern: str, opened: set[str]
) -> None:
    profile = tmp_path / "p.json"
    filesystem = {"allow": ["~/src", pattern]}
    profile.write_text(json.dumps({"filesystem": filesystem}))
    made = plan(home, "src/p", profile=str(profile))
    directory = home / "src/p/.vscode"
    found = {name for name in ("snippets/x", "tasks.json") if may_write(made, directory / name)}
    assert found == opened


def test_very_many_names_widen_nothing(home: Path, tmp_path: Path) -> None:
    """A run before this one may have made them where it could."""
    trees = home / "src/p/.claude/worktrees"
    for number in range(5100):
        (trees / "w1" / f"{number}").mkdir()
    profile = tmp_path / "p.json"
    pattern = "~/src/p/.claude/worktrees/w1/*/a/**"
    profile.write_text(json.dumps({"filesystem": {"allow": ["~/src", pattern]}}))
    assert not may_write(plan(home, "src/p", profile=str(profile)), trees / "w1/x")
