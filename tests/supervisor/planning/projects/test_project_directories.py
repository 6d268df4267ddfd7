"""What a run leaves below a project has one bound, beyond which directories are shut and named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from nono.broker import Access, Allow, Open
from nono.broker.requests import RecordedProcess
from nono.broker.rules.automaton import Between
from nono.supervisor import Options, Plan, descriptors, make_plan
from nono.supervisor.kinds_of_looks import Among
from nono.supervisor.planning.projects import project_directories


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return repository(tmp_path.resolve() / "home/project")


def repository(top: Path) -> Path:
    for name in ("objects", "refs"):
        (top / ".git" / name).mkdir(parents=True)
    (top / ".git/HEAD").write_text("ref: refs/heads/m\n")
    return top


def plan(project: Path) -> Plan:
    options = Options(workdir=str(project), allow_cwd=True)
    return make_plan(options, (), {"HOME": str(project.parent)})


def may_write(made: Plan, path: Path) -> bool:
    asked = Open(RecordedProcess(1), str(path), Access.WRITE)
    return isinstance(made.policy.decide(asked), Allow)


def test_where_too_long_ways_lead_to_repositories_the_outermost_is_shut(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository(project / "short/b")
    long = repository(project / ("x" * 200) / "b").parent
    assert may_write(plan(project), long / "file")
    monkeypatch.setattr(project_directories, "_MAX_LETTERS", 5 * len(str(project / "short/b/.git")))
    made = plan(project)
    assert not may_write(made, long / "file")
    assert may_write(made, project / "short/b/file") and may_write(made, project / "file")
    assert not may_write(made, project / "short/b/.git/hooks/x")
    assert any(note.startswith(f"{long}: leads to more") for note in made.notes)
    named = [path for rule in made.policy.rules for path in rule.named]
    assert not [path for path in named if path.startswith(f"{long}/")]


def test_a_work_tree_that_is_opened_stays_so_and_what_it_leads_to_does_not(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = project / "tree"
    deep = repository(project / "long" / ("x" * 200) / "b") / ".git"
    tree.mkdir()
    (tree / ".git").write_text(f"gitdir: {deep}\n")
    monkeypatch.setattr(project_directories, "_MAX_LETTERS", 100)
    made = plan(tree)
    assert may_write(made, tree / "file")
    assert not may_write(made, tree / ".git") and not may_write(made, tree / ".vscode/tasks.json")


def test_what_many_links_lead_to_is_looked_at_once(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    big = repository(project / "big")
    (big / "x.code-workspace").touch()
    for number in range(5):
        (project / f"l{number}").symlink_to("big")
        (big / f".git/worktrees/{number}").mkdir(parents=True)
        (big / f".git/worktrees/{number}/gitdir").write_text(f"{project}/l{number}/.git\n")
    looked = Counter[str]()

    def among(directory: str, most: int, patterns: Iterable[Between]) -> Among:
        looked[str(Path(directory).resolve())] += 1
        return descriptors.among(directory, most, patterns)

    monkeypatch.setattr(project_directories, "among", among)
    made = plan(project)
    assert looked[str(big)] == 1
    assert not may_write(made, big / "x.code-workspace") and may_write(made, big / "x")
    assert not any(may_write(made, project / f"l{number}") for number in range(5))


@pytest.mark.parametrize("where", ["sub", "."])
@pytest.mark.parametrize("bound", ["_MAX_MATCHES", "_MAX_NAMES"])
def test_a_directory_with_too_many_is_shut(
    project: Path, monkeypatch: pytest.MonkeyPatch, where: str, bound: str
) -> None:
    top = repository(project / "sub") if where == "sub" else project
    for number in range(8):
        (top / f"{number}.code-workspace").touch()
    assert may_write(plan(project), top / "new")
    monkeypatch.setattr(project_directories, bound, 7)
    made = plan(project)
    is_data = where == "." and bound == "_MAX_NAMES"
    assert may_write(made, top / "new") is is_data
    told = "not all names here were looked at" if is_data else "too many names here"
    assert any(told in note for note in made.notes)
    rules = [rule for rule in made.policy.rules if f"{top}/0.code-workspace" in rule.named]
    assert is_data or not rules
