"""What runs by itself later may not be written, in a project and in a home, unless it is named."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from nono.broker import Access, Allow, Effect, Open, group
from nono.broker.datafile import data
from nono.broker.requests import RecordedProcess
from nono.supervisor import Options, Plan, make_plan
from nono.supervisor.planning.projects.start_files import GROUP

PROJECT = tuple(data("start_files")["project"])
REPOSITORY = tuple(data("start_files")["repository"])
SURVEY = (Path(__file__).parent / "start_files_survey.txt").read_text().split()


def plan(home: Path, workdir: Path | None = None, **options: object) -> Plan:
    made = Options(workdir=str(workdir or home), **options)  # type: ignore[arg-type]
    return make_plan(made, (), {"HOME": str(home)})


def may_write(made: Plan, path: Path | str) -> bool:
    request = Open(RecordedProcess(1), str(path), Access.WRITE)
    return isinstance(made.policy.decide(request), Allow)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path.resolve() / "home"


@pytest.fixture
def project(home: Path) -> Path:
    return repository(home / "src/project")


def repository(project: Path) -> Path:
    """With a submodule whose name has a slash, and a linked work tree."""
    for name in ("", "modules/a/b", "worktrees/w"):
        directory = project / ".git" / name
        (directory / "hooks").mkdir(parents=True)
        (directory / "HEAD").write_text("ref: refs/heads/main\n")
        (directory / "config").write_text("")
    return project


@pytest.fixture(scope="module")
def opened_home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Plan]:
    """A home, and one plan for all that only ask about it."""
    home = tmp_path_factory.mktemp("home").resolve()
    return home, plan(home, allow=["~"])


@pytest.fixture(scope="module")
def opened_project(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Plan]:
    """A repository that is worked in, and one plan for all that only ask about it."""
    home = tmp_path_factory.mktemp("home").resolve()
    project = repository(home / "src/project")
    return project, plan(home, project, allow_cwd=True)


def test_the_survey_is_as_large_as_the_one_that_was_tried() -> None:
    assert len(set(SURVEY)) == len(SURVEY) >= 93


@pytest.mark.parametrize("name", SURVEY)
def test_a_home_that_is_opened_keeps_its_start_files(
    opened_home: tuple[Path, Plan], name: str
) -> None:
    home, opened = opened_home
    assert not may_write(opened, home / name)
    assert may_write(opened, home / "notes/text")


def test_every_entry_is_refused_and_has_a_reason(home: Path, project: Path) -> None:
    opened = plan(home, allow=["~"])
    for entry in group(GROUP).deny_write:
        if entry.startswith("~/"):
            assert not may_write(opened, home / entry[2:]), entry
    for reasons in (
        *(data("start_files")[k] for k in ("project", "repository")),
        data("groups")["groups"][GROUP]["deny_write"],
    ):
        assert all(isinstance(why, str) and len(why) > 10 for why in reasons.values())


@pytest.mark.parametrize("name", PROJECT)
def test_a_project_keeps_its_own(opened_project: tuple[Path, Plan], name: str) -> None:
    project, opened = opened_project
    assert not may_write(opened, project / name)
    assert not may_write(opened, project / name / "below")
    assert may_write(opened, project / "src" / "main.py")


def test_between_what_is_opened_and_a_repository(home: Path, project: Path) -> None:
    """cargo and its like look for their configuration in every directory above, too."""
    (home / "src/group").mkdir()
    project.rename(home / "src/group/project")
    (home / "src/beside").mkdir()
    opened = plan(home, allow=[str(home / "src")])
    for top in ("src", "src/group", "src/group/project"):
        for name in PROJECT:
            assert not may_write(opened, home / top / name), (top, name)
        assert may_write(opened, home / top / "main.py")
        # git takes one of these for a repository when `.git` below is none to it any more.
        assert not may_write(opened, home / top / "HEAD")
    assert may_write(opened, home / "src/beside/HEAD")
    assert may_write(opened, home / "src/beside/.envrc")
    assert may_write(opened, home / "src/group/project/src/.envrc")


def test_variables_that_name_a_file(home: Path, project: Path) -> None:
    names = {
        "NVM_DIR": "nvm.sh",
        "MAKEFILES": "",
        "RIPGREP_CONFIG_PATH": "",
        "FZF_DEFAULT_OPTS_FILE": "",
        "CARGO_BUILD_RUSTC_WRAPPER": "",
        "VIMRUNTIME": "defaults.vim",
    }
    env = {"HOME": str(home)} | {name: str(project / "x" / name) for name in names}
    opened = make_plan(Options(workdir=str(project), allow_cwd=True), (), env)
    for variable, name in names.items():
        assert not may_write(opened, project / "x" / variable / name), variable
    assert may_write(opened, project / "x/other")


@pytest.mark.parametrize("name", REPOSITORY)
@pytest.mark.parametrize("inside", ["", "modules/a/b", "worktrees/w"])
def test_a_repository_that_was_there(
    opened_project: tuple[Path, Plan], inside: str, name: str
) -> None:
    project, opened = opened_project
    assert not may_write(opened, project / ".git" / inside / name)
    assert may_write(opened, project / ".git" / inside / "index")
    assert may_write(opened, project / ".git/modules/new/config"), "what the run makes is its own"


@pytest.mark.parametrize("pattern", data("start_files")["project_patterns"])
def test_what_has_such_a_name_is_kept(home: Path, project: Path, pattern: str) -> None:
    name = pattern.replace("*", "x")
    assert may_write(plan(home, project, allow_cwd=True), project / name), "the report names it"
    (project / name).touch()
    assert not may_write(plan(home, project, allow_cwd=True), project / name)


def test_a_directory_without_a_repository_may_get_one(home: Path) -> None:
    (home / "new").mkdir(parents=True)
    assert may_write(plan(home, home / "new", allow_cwd=True), home / "new/.git/config")


def test_a_link_of_git_is_no_way_around(home: Path, project: Path) -> None:
    tree = project / "tree"
    tree.mkdir()
    (tree / ".git").write_text("gitdir: ../.git/worktrees/w\n")
    (project / ".git/worktrees/w/commondir").write_text("../..\n")
    opened = plan(home, tree, allow_cwd=True, allow=[str(project / ".git")])
    for path in (tree / ".git", project / ".git/hooks/x", project / ".git/worktrees/w/commondir"):
        assert not may_write(opened, path), path


def test_a_repository_without_its_head_is_one(home: Path, project: Path) -> None:
    """The last run may have taken it away, and this one could put it back."""
    for head in (project / ".git").rglob("HEAD"):
        head.unlink()
    opened = plan(home, project, allow_cwd=True)
    for inside in ("", "modules/a/b", "worktrees/w"):
        assert not may_write(opened, project / ".git" / inside / "hooks/x")


def test_more_than_is_looked_through_is_refused_as_a_whole(home: Path, project: Path) -> None:
    for number in range(1100):
        (project / ".git/modules" / f"file{number}").touch()
    opened = plan(home, project, allow_cwd=True)
    assert not may_write(opened, project / ".git/modules/a/b/hooks/x")
    assert may_write(opened, project / ".git/index")
    assert any("more directories in modules and worktrees" in note for note in opened.notes)


@pytest.mark.parametrize("text", [b"gitdir: \0", b"x" * 9000, b"gitdir: " + b"../" * 900, b"\xff"])
def test_a_hostile_link_is_only_a_link(home: Path, text: bytes) -> None:
    (home / "p").mkdir(parents=True)
    (home / "p/.git").write_bytes(text)
    assert not may_write(plan(home, home / "p", allow_cwd=True), home / "p/.git")


def test_a_fifo_does_not_hold_the_start(home: Path, project: Path) -> None:
    os.mkfifo(project / ".git/commondir")
    assert not may_write(plan(home, project, allow_cwd=True), project / ".git/hooks/x")


def test_what_a_person_opened_exactly_is_open(home: Path, project: Path) -> None:
    (project / ".vscode").mkdir()
    for opened in (
        plan(home, project, allow_cwd=True, allow=[str(project / ".vscode")]),
        plan(home, project, allow_cwd=True, bypass_protection=[".vscode"]),
    ):
        assert may_write(opened, project / ".vscode/tasks.json")
        assert not may_write(opened, project / ".idea/x")


def test_nothing_is_refused_where_nothing_is_opened_for_writing(home: Path, project: Path) -> None:
    for options in ({"read": [str(project)]}, {}):
        rules = plan(home, project, **options).policy.rules
        assert not any(rule.origin.name == GROUP for rule in rules)


def test_a_profile_may_leave_the_group_out(home: Path, project: Path, tmp_path: Path) -> None:
    profile = tmp_path / "p.json"
    for excluded in ([], [GROUP]):
        text = {"workdir": {"access": "readwrite"}, "groups": {"exclude": excluded}}
        profile.write_text(json.dumps(text))
        opened = plan(home, project, profile=str(profile))
        assert may_write(opened, project / ".git/hooks/x") == bool(excluded)


def test_reading_is_as_without(home: Path, project: Path) -> None:
    for rule in plan(home, project, allow_cwd=True).policy.rules:
        if rule.origin.name == GROUP:
            assert rule.effect is Effect.DENY and rule.only_of_changes and rule.protected
