"""What people run without looking: every change of it is told of, and nothing else."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from nono.broker import FLOOR_ACCESS, Access, Effect, Glob, Origin, OriginKind, Rule, Subtree
from nono.broker.datafile import data
from nono.supervisor.decisions import left_in_repositories, new_repository
from nono.supervisor.decisions.run_by_people import RunByPeople
from nono.supervisor.report.run import changed
from tests.conftest import Nono


def opened(path: Path, access: Access = FLOOR_ACCESS) -> list[Rule]:
    return [Rule(Subtree(str(path)), access, Effect.ALLOW, Origin(OriginKind.FLAG, "--allow"))]


@pytest.fixture
def opened_place(tmp_path: Path) -> Path:
    for name in ("Makefile", "src/conftest.py", ".github/workflows/ci.yml", "text"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("before")
    (tmp_path / ".git").mkdir()
    return tmp_path.resolve()


def replace_keeping_times(place: Path) -> None:
    before = (place / "Makefile").stat()
    (place / "new").write_text("better")
    os.utime(place / "new", ns=(before.st_atime_ns, before.st_mtime_ns))
    os.rename(place / "new", place / "Makefile")


def make_repository_anew(place: Path) -> None:
    os.rename(place / ".git", place / "old")
    make_repository(place, "pre-commit")


def make_repository(place: Path, hook: str) -> None:
    (place / ".git/hooks").mkdir(parents=True)
    (place / ".git/hooks" / hook).write_text("#!/bin/sh")
    (place / ".git/hooks" / hook).chmod(0o755)


def configured(place: Path, inside: str = ".git") -> None:
    (place / inside).mkdir(parents=True)
    (place / inside / "HEAD").touch()
    (place / inside / "config").write_text("[core]\n\tpager = x\n")


CHANGES: dict[str, Callable[[Path], object]] = {
    "Makefile": replace_keeping_times,
    "src/conftest.py": lambda place: (place / "src/conftest.py").write_text("x"),
    ".github/workflows/ci.yml": lambda place: (place / ".github/workflows/ci.yml").chmod(0o755),
    ".github/workflows/new.yml": lambda place: (place / ".github/workflows/new.yml").touch(),
    "package.json": lambda place: (place / "package.json").symlink_to("text"),
    "src/.git/hooks/post-checkout": lambda place: make_repository(place / "src", "post-checkout"),
    ".git/hooks/pre-commit": make_repository_anew,
    "src/.git/config": lambda place: configured(place / "src"),
    "src/sub/.git/hooks/x": lambda place: make_repository(place / "src/sub", "x"),
    ".git/rebase-merge": lambda place: (place / ".git/rebase-merge").mkdir(),
    ".git/modules/new/config": lambda place: configured(place / ".git/modules/new", ""),
    "a.code-workspace": lambda place: (place / "a.code-workspace").touch(),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_told_of(opened_place: Path, name: str) -> None:
    before = RunByPeople(opened(opened_place))
    CHANGES[name](opened_place)
    assert before.changed() == [str(opened_place / name)]


def test_other_changes_are_not(opened_place: Path) -> None:
    before = RunByPeople(opened(opened_place))
    (opened_place / "text").write_text("x")
    (opened_place / ".git/index").write_text("x")
    (opened_place / "Makefile").read_text()
    shutil.rmtree(opened_place / "src")
    assert before.changed() == []
    assert RunByPeople(opened(opened_place, Access.READ)).changed() == []


def test_every_name_of_the_tables_is_told_of(opened_place: Path) -> None:
    """Each entry is for a program, and each pattern for a name that it is made for."""
    before = RunByPeople(opened(opened_place))
    tables = data("start_files")
    patterns = (*tables["project_patterns"], *tables["run_knowingly_patterns"])
    names = {name for name in tables["run_knowingly"] if name != "Makefile"}
    names |= {pattern.replace("*", "x") for pattern in patterns}
    names |= {f"{directory}/x" for directory in tables["run_knowingly_in"]}
    for name in names:
        (opened_place / name).parent.mkdir(parents=True, exist_ok=True)
        (opened_place / name).write_text('{"scripts": {"test": "x"}}')
    assert set(before.changed()) == {str(opened_place / name) for name in names}
    assert all(tables["run_knowingly"].values())
    assert all(tables["run_knowingly_patterns"].values())


PACKAGE = {"name": "a", "version": "1", "scripts": {"test": "x"}, "dependencies": {"ms": "^1"}}
PACKAGES = {
    "another version": ({**PACKAGE, "version": "2", "dependencies": {"ms": "^2", "x": "*"}}, False),
    "only what describes it": ({"scripts": {"test": "x"}}, False),
    "another script": ({**PACKAGE, "scripts": {"test": "y"}}, True),
    "a new script": ({**PACKAGE, "scripts": {"test": "x", "prepare": "y"}}, True),
    "hooks": ({**PACKAGE, "husky": {"hooks": {}, "x": "y"}}, True),
    "a directory": ({**PACKAGE, "dependencies": {"ms": "file:evil"}}, True),
    "a short name of a host's": ({**PACKAGE, "devDependencies": {"ms": "a/b"}}, True),
    "members": ({**PACKAGE, "workspaces": ["evil"]}, True),
    "another manager": ({**PACKAGE, "packageManager": "yarn@1"}, True),
    "what nobody knows": ({**PACKAGE, "anything": 1}, True),
    "no object": (["x"], True),
}


@pytest.mark.parametrize("how", PACKAGES)
def test_of_a_package_what_runs_is_told_of(opened_place: Path, how: str) -> None:
    text, is_told = PACKAGES[how]
    file = opened_place / "package.json"
    file.write_text(json.dumps(PACKAGE))
    before = RunByPeople(opened(opened_place))
    file.write_text(json.dumps(text))
    assert before.changed() == ([str(file)] if is_told else [])


@pytest.mark.parametrize(
    ("text", "is_told"), [("{}", False), ('{"x": 1}', True), ("[" * 9999, True)]
)
def test_a_new_package(opened_place: Path, text: str, is_told: bool) -> None:
    before = RunByPeople(opened(opened_place))
    (opened_place / "package.json").write_text(text)
    assert bool(before.changed()) == is_told


def test_hooks_that_were_there_are_nothing_to_tell_of(opened_place: Path) -> None:
    """Also where a profile leaves their protection out."""
    make_repository(opened_place / "src", "pre-commit")
    (opened_place / "src/.git/HEAD").write_text("ref: refs/heads/main\n")
    before = RunByPeople(opened(opened_place))
    (opened_place / "src/new").touch()
    assert before.changed() == []


def test_a_command_in_the_place_of_another_is_told_of(opened_place: Path) -> None:
    """Where the project's own environment is in PATH before the system's."""
    place = opened_place / ".venv/bin"
    place.mkdir(parents=True)
    (place / "cat").touch()
    env = {"PATH": f"{place}:relative:/usr/bin:/bin", "HOME": "/nonexistent"}
    env |= {"XDG_STATE_HOME": str(opened_place.parent / "state")}
    before = RunByPeople(opened(opened_place), env=env)
    for name in ("python3", "pip", "tool-of-the-project", "ls"):
        (place / name).touch()
    (place / "cat").write_text("x")
    assert before.changed() == [f"{place}/cat", f"{place}/ls"]


def test_very_many_are_bounded(opened_place: Path) -> None:
    for number in range(300):
        (opened_place / f"{number}").mkdir()
    before = RunByPeople(opened(opened_place))
    for number in range(300):
        (opened_place / f"{number}/Makefile").touch()
    assert len(before.changed()) == 64


def test_one_line_in_plain_characters() -> None:
    assert changed([]) == []
    (line,) = changed([f"/p/\x1b[2J{number}/Makefile" for number in range(20)])
    assert "\x1b" not in line and "12 more; look before you run it" in line


def test_the_report_of_a_run(nono: Nono, project: Path) -> None:
    done = nono("run", "--allow-cwd", "--", "/bin/sh", "-c", "echo x: > Makefile; echo > text")
    assert f"nono: changed: {project}/Makefile; look before you run it" in done.stderr
    again = nono("run", "--allow-cwd", "--json", "--", "/bin/sh", "-c", "echo y: > Makefile")
    assert f'"changed": ["{project}/Makefile"]' in again.stderr
    assert "changed" not in nono("run", "--allow-cwd", "--", "/bin/true").stderr


def test_what_is_opened_during_the_run_is_looked_at_as_well(tmp_path: Path) -> None:
    """As it was before that; what is in what was open already, the run may have made."""
    start, later = tmp_path / "work/project", tmp_path / "work"
    for place in (start, later):
        place.mkdir(parents=True, exist_ok=True)
        (place / "Makefile").write_text("before")
    configured(later / "known")
    (later / "known/.git/hooks").mkdir()
    (later / "known/.git/hooks/pre-commit").write_text("")
    before = RunByPeople(opened(start))
    make_repository(start, "pre-push")
    configured(start / "made", "x")
    (start / "tox.ini").write_text("")
    before.open(opened(later, Access.READ))  # which lets nothing be changed
    before.open(opened(later))
    before.open(opened(later))
    (later / "Makefile").write_text("after")
    configured(later / "new")
    os.truncate(later / "known/.git/config", 0)
    found = {os.path.relpath(each, later) for each in before.changed()}
    assert found >= {"Makefile", "new/.git/config", "project/tox.ini"}, found
    assert not {each for each in found if each.startswith("known/.git/hooks")}


def test_a_later_look_hides_nothing_from_an_earlier_one(opened_place: Path) -> None:
    """What the run did before more was opened around it, it sees as what was there."""
    origin = Origin(OriginKind.PROFILE, "filesystem.allow")
    pattern = Glob(f"{opened_place}/src/*")
    outside = opened_place.parent / "outside"
    configured(outside)
    project = opened_place / "project"
    project.mkdir()
    before = RunByPeople([Rule(pattern, FLOOR_ACCESS, Effect.ALLOW, origin), *opened(project)])
    (opened_place / "src/conftest.py").write_text("x")
    (opened_place / "src/tox.ini").write_text("x")
    (project / "sub").mkdir()
    (project / "sub/.git").write_text(f"gitdir: {outside}/.git")
    before.open(opened(opened_place))
    (opened_place / "noxfile.py").write_text("x")
    assert before.changed() == [
        f"{opened_place}/{name}"
        for name in ("project/sub/.git", "noxfile.py", "src/conftest.py", "src/tox.ini")
    ]
    assert RunByPeople(opened(opened_place)).changed() == []


def test_what_was_open_already_is_not_new_when_it_is_granted_again(opened_place: Path) -> None:
    deep = opened_place / "a/b/c"
    deep.mkdir(parents=True)
    (deep / "Makefile").touch()
    before = RunByPeople(opened(opened_place))
    before.open(opened(deep))
    assert before.changed() == []
    (deep / "Makefile").write_text("x")
    assert before.changed() == [f"{deep}/Makefile"]


def test_each_pattern_of_names_has_one_star() -> None:
    """What is before it and what is behind it is compared, without an expression."""
    tables = data("start_files")
    for pattern in (*tables["project_patterns"], *tables["run_knowingly_patterns"]):
        assert pattern.count("*") == 1 and not {*"?[]"} & {*pattern}, pattern


def test_configuration_beyond_what_is_read_is_named(
    opened_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(left_in_repositories, "_MAX_CONFIGURED", 250)
    before = RunByPeople(opened(opened_place))
    for name in ("a", "b", "c"):
        for part in ("objects", "refs"):
            (opened_place / name / ".git" / part).mkdir(parents=True)
        (opened_place / name / ".git/HEAD").write_text("ref: refs/heads/main\n")
        (opened_place / name / ".git/config").write_text("#" * 100 + "\n[core]\n\tbare = false\n")
    assert len(before.changed()) == 1


def test_of_configuration_beyond_what_is_kept_each_change_is_told(
    opened_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And of the hooks beyond those that are looked at the directory."""
    monkeypatch.setattr(left_in_repositories, "_MAX_CONFIGURED", 250)
    monkeypatch.setattr(new_repository, "_MAX_ALL_HOOKS", 4)
    for name in ("a", "b", "c", "d"):
        for part in ("objects", "refs", "hooks"):
            (opened_place / name / ".git" / part).mkdir(parents=True)
        (opened_place / name / ".git/HEAD").write_text("ref: refs/heads/main\n")
        (opened_place / name / ".git/config").write_text("#" * 100 + "\n")
        for hook in ("pre-push", "post-commit"):
            (opened_place / name / ".git/hooks" / hook).write_text("#!/bin/sh\n")
    before = RunByPeople(opened(opened_place))
    hooks = [str(opened_place / name / ".git/hooks") for name in "cd"]
    assert before.changed() == hooks
    for name in ("a", "d"):
        with open(opened_place / name / ".git/config", "a") as file:
            file.write("# harmless\n")
    assert before.changed() == sorted([*hooks, str(opened_place / "d/.git/config")])


def test_a_full_directory_hides_no_known_name(opened_place: Path) -> None:
    """And is told of where the run has filled it: names of a pattern may be in it."""
    before = RunByPeople(opened(opened_place))
    for number in range(3000):
        (opened_place / f"{number}").touch()
        (opened_place / f"src/{number}").touch()
    assert {*before.changed()} == {f"{opened_place}", f"{opened_place}/src"}
    after = RunByPeople(opened(opened_place))
    replace_keeping_times(opened_place)
    (opened_place / "src/conftest.py").write_text("x")
    (opened_place / "src/justfile").touch()
    told = [f"{opened_place}/{name}" for name in ("Makefile", "src/conftest.py", "src/justfile")]
    assert after.changed() == told


def test_what_was_looked_into_stays_so(opened_place: Path) -> None:
    """However many directories a run makes, and before which names."""
    before = RunByPeople(opened(opened_place))
    for number in range(100):
        (opened_place / f"0{number:03}").mkdir()
    (opened_place / "src/conftest.py").write_text("x")
    (opened_place / "0000/Makefile").touch()
    told = [f"{opened_place}{name}" for name in ("", "/0000/Makefile", "/src/conftest.py")]
    assert before.changed() == told


def test_what_cannot_be_remembered_is_told_with_its_place(opened_place: Path) -> None:
    state = opened_place / "text"
    env = {"HOME": str(opened_place), "XDG_STATE_HOME": str(state), "PATH": "/usr/bin"}
    before = RunByPeople(opened(opened_place / "src"), env=env)
    (opened_place / "src/.git").mkdir()
    before.changed()
    (note,) = before.notes
    assert f"written down in {state}/nono (Not a directory): the next run protects" in note
