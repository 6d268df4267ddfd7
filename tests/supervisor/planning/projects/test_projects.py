"""The profile of a project counts when a person accepted just this, and opens no more than that."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from nono.broker import Access, Allow, Open
from nono.broker.errors import ProfileError
from nono.broker.requests import NOBODY
from nono.supervisor.errors import UsageError
from nono.supervisor.planning.make_plan import make_plan
from nono.supervisor.planning.options import Options
from nono.supervisor.planning.plan import Plan
from nono.supervisor.planning.projects import accepted
from nono.supervisor.planning.projects.project_file import MAX_BYTES, Found, Project
from nono.supervisor.planning.projects.project_here import found_here
from nono.supervisor.planning.projects.projects import MAX_TEXT, look

TABLE = '[tool.nono.filesystem]\nread = ["/srv"]\n'
OTHER = TABLE.replace("/srv", "/opt")
RUN = ("python3", "-c", "pass")


class World:
    """A home with a project in it, and an environment that knows no other place."""

    def __init__(self, top: Path) -> None:
        self.home = top / "home"
        self.work = self.home / "project"
        self.work.mkdir(parents=True)
        self.env: Mapping[str, str] = {"HOME": str(self.home), "PATH": "/usr/bin:/bin"}
        self.file = self.work / "pyproject.toml"

    def found(self, *argv: str) -> Found | None:
        return found_here(argv or RUN, str(self.work), self.env)

    def accept(self, *argv: str) -> Project:
        found = self.found(*argv)
        assert found is not None
        accepted.accept(found.project.path, found.project.text, self.env)
        return found.project

    def is_accepted(self, *argv: str) -> bool:
        found = self.found(*argv)
        return found is not None and found.is_accepted

    def plan(self, table: object) -> Plan:
        project = Project(str(self.file), json.dumps(table))
        return make_plan(Options(workdir=str(self.work)), RUN, self.env, project=project)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_accepted_once_and_until_it_says_something_else(world: World) -> None:
    assert world.found() is None
    world.file.write_text(TABLE)
    assert not world.is_accepted()
    world.accept()
    assert world.is_accepted()
    world.file.write_text('[project]\nname = "x"\n' + TABLE)
    assert world.is_accepted()
    world.file.write_text(OTHER)
    assert not world.is_accepted()
    world.file.write_text(TABLE)
    assert world.is_accepted()


@pytest.mark.parametrize("how", ["table", "escaped", "file", "directory", "fifo", "closed"])
def test_what_was_accepted_and_is_gone_is_no_open_door(world: World, how: str) -> None:
    """It may have been the network that it closed."""
    world.file.write_text(TABLE)
    world.accept()
    world.file.unlink()
    if how in ("table", "escaped"):
        text = '[tool."n\\u006fno".filesystem]\nread = ["/srv"]\n' if how == "escaped" else ""
        world.file.write_text(text)
    elif how == "directory":
        world.file.mkdir()
    elif how == "fifo":
        os.mkfifo(world.file)
    found = world.found()
    assert found is not None and not found.is_accepted and found.project.text == ""


def test_a_copy_elsewhere_is_asked_about_again(world: World) -> None:
    world.file.write_text(TABLE)
    here = world.accept()
    copy = world.home / "copy"
    copy.mkdir()
    (copy / "pyproject.toml").write_text(TABLE)
    there = found_here(RUN, str(copy), world.env)
    assert there is not None and not there.is_accepted
    assert accepted.digest(*here) != accepted.digest(*there.project)
    # Nor does a record count under another file's name.
    place = Path(accepted.directory(world.env))
    (record,) = place.iterdir()
    accepted.accept(there.project.path, "{}", world.env)
    (other,) = set(place.iterdir()) - {record}
    other.write_bytes(record.read_bytes())
    there = found_here(RUN, str(copy), world.env)
    assert there is not None and not there.is_accepted


def test_a_project_inside_another_is_another(world: World) -> None:
    world.file.write_text(TABLE)
    world.accept()
    inner = world.work / "inner"
    inner.mkdir()
    assert found_here(RUN, str(inner), world.env) is None
    (inner / "pyproject.toml").write_text(OTHER)
    found = found_here(RUN, str(inner), world.env)
    assert found is not None and found.accepted is None


@pytest.mark.parametrize("how", ["other user", "open to others", "a link", "no JSON", "deep"])
def test_odd_records_do_not_count(world: World, how: str) -> None:
    world.file.write_text(TABLE)
    world.accept()
    (record,) = Path(accepted.directory(world.env)).iterdir()
    if how == "other user":
        record.write_text(json.dumps({**json.loads(record.read_text()), "user": 4242}))
    elif how == "open to others":
        record.chmod(0o666)
    elif how == "a link":
        record.rename(world.home / "kept")
        record.symlink_to(world.home / "kept")
    else:
        record.write_text("{" if how == "no JSON" else "[" * 100_000)
    assert not world.is_accepted()


def test_a_file_behind_a_link_is_not_gone_by(world: World) -> None:
    """Whoever may write here leads it elsewhere between the look and the use."""
    elsewhere = world.home / "elsewhere.toml"
    elsewhere.write_text("[project]\n")
    world.file.symlink_to(elsewhere)
    assert world.found() is None
    elsewhere.write_text(TABLE)
    with pytest.raises(UsageError, match="reached by a link"):
        world.found()
    script = world.home / "tool.py"
    script.write_text("# /// script\n# [tool.nono]\n# ///\n")
    (world.work / "t.py").symlink_to(script)
    with pytest.raises(UsageError, match="reached by a link"):
        world.found("python3", "t.py")
    (world.work / "there").symlink_to(world.home)
    with pytest.raises(UsageError, match="reached by a link"):
        world.found("python3", "there/tool.py")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (TABLE + "#" * MAX_BYTES, "larger than"),
        ("[tool.nono]\na = [\n", "not TOML"),
        ("[tool.nono]\na = " + "[" * 9999, "TOML|deep"),
        (f'[tool.nono.meta]\nname = "{"x" * MAX_TEXT}"', "longer than a person would read"),
    ],
)
def test_hostile_files(world: World, text: str, what: str) -> None:
    world.file.write_text(text)
    with pytest.raises(UsageError) as caught:
        world.found()
    assert any(each in caught.value.message for each in what.split("|"))
    assert "--no-project" in caught.value.message or "profile" in caught.value.hint


def test_a_scripts_own_comes_before_the_projects(world: World) -> None:
    world.file.write_text(TABLE)
    world.accept()
    script = world.work / "s.py"
    script.write_text("# /// script\n# [tool.nono.network]\n# block = true\n# ///\n")
    assert not world.is_accepted("python3", "s.py")
    assert world.accept("python3", "s.py").path == str(script)
    script.write_text(script.read_text() + "print('other code')\n")
    assert world.is_accepted("python3", "s.py")
    script.write_text("print('the header is gone')\n")
    assert not world.is_accepted("python3", "s.py")
    (world.work / "plain.py").write_text("")
    found = world.found("python3", "plain.py")
    assert found is not None and found.project.path == str(world.file)


def test_what_it_opens_and_where_that_comes_from(world: World) -> None:
    (world.work / "data").mkdir()
    plan = world.plan(
        {
            "extends": "python-dev",
            "filesystem": {"read": ["$WORKDIR/data"], "deny": ["**/*.pem"]},
            "network": {"block": True},
        }
    )
    request = Open(NOBODY, str(world.work / "data/x"), Access.READ)
    verdict = plan.policy.decide(request)
    assert isinstance(verdict, Allow)
    origins = {str(rule.origin) for rule in plan.policy.considered(request)}
    assert f"profile filesystem.read in {world.file} [tool.nono]" in origins
    assert str(plan.policy.network.mode) == "blocked"


REFUSED = {
    "bypass": {"filesystem": {"bypass_protection": ["~/.ssh"]}},
    "agent": {"filesystem": {"ssh_agent": True}},
    "socket": {"filesystem": {"unix_socket": ["/run/docker.sock"]}},
    "group": {"groups": {"exclude": ["protect_start_files"]}},
    "key": {"network": {"credentials": ["openai"]}},
    "variable": {"environment": {"allow_vars": ["OPENAI_API_KEY"]}},
    "variables": {"environment": {"allow_vars": ["OPENAI_*"]}},
    "home": {"filesystem": {"read": ["~"]}},
    "home by its path": {"filesystem": {"list": [], "allow": ["$HOME"]}},
    "everything": {"filesystem": {"read": ["/"]}},
    "home by a pattern": {"filesystem": {"read": ["~/*/x"]}},
    "all by a pattern": {"filesystem": {"write": ["/**"]}},
    "secret": {"filesystem": {"read": ["~/.ssh"]}},
    "secret file": {"filesystem": {"read_file": ["~/.aws/credentials"]}},
    "state": {"filesystem": {"read": ["~/.local/state/nono"]}},
    "above state": {"filesystem": {"read": ["~/.local/state"]}},
    "profiles": {"filesystem": {"write": ["~/.config/nono/profiles"]}},
    "asked": {"filesystem": {"ask": ["~"]}},
    "sockets of services": {"filesystem": {"allow": ["/run/user"]}},
    "hooks": {"filesystem": {"write": ["$WORKDIR/.git/hooks"]}},
    "tasks": {"filesystem": {"allow": ["$WORKDIR/.vscode"]}},
    "a file of tasks": {"filesystem": {"write_file": ["$WORKDIR/.vscode/tasks.json"]}},
    "base": {"extends": "claude-code"},
    "own base": {"extends": "mine"},
    "base in a file": {"extends": "./base.json"},
    "unknown": {"filesystem": {"reed": ["/srv"]}},
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_it_never_opens(world: World, name: str) -> None:
    (world.work / ".git/hooks").mkdir(parents=True)
    (world.work / ".git/HEAD").write_text("ref: refs/heads/main\n")
    (world.work / ".vscode").mkdir()
    profiles = world.home / ".config/nono/profiles"
    profiles.mkdir(parents=True)
    for place in (profiles / "mine.json", world.work / "base.json"):
        place.write_text("{}")
    with pytest.raises(ProfileError) as caught:
        world.plan(REFUSED[name])
    assert all(problem.hint for problem in caught.value.problems), caught.value.problems
    assert caught.value.problems[0].file in (f"{world.file} [tool.nono]", "built-in claude-code")


def test_a_socket_by_its_path_is_none_of_its_files(world: World) -> None:
    path = world.work / "s"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        with pytest.raises(ProfileError, match="it is a socket"):
            world.plan({"filesystem": {"allow_file": ["$WORKDIR/s"]}})


def test_a_link_in_the_project_leads_no_grant_elsewhere(world: World) -> None:
    outside = world.home / "outside"
    outside.mkdir()
    (world.work / "data").symlink_to(outside)
    plan = world.plan({"filesystem": {"read": ["$WORKDIR/data"]}})
    request = Open(NOBODY, str(outside / "x"), Access.READ)
    assert not isinstance(plan.policy.decide(request), Allow)
    assert any("leads out of" in note for note in plan.notes)


def test_to_forget(world: World) -> None:
    world.file.write_text(TABLE)
    project = world.accept()
    assert [each.path for each in accepted.every(world.env)] == [project.path]
    assert accepted.forget(project.path, world.env)
    assert not accepted.forget(project.path, world.env)
    assert not world.is_accepted() and look(str(world.file), world.env) is not None


def test_where_nothing_can_be_kept_it_is_not_said_to_be_accepted(world: World) -> None:
    world.file.write_text(TABLE)
    (world.home / ".local").write_text("a file in the way")
    with pytest.raises(UsageError, match="could not be kept"):
        world.accept()
