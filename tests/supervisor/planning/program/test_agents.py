"""Agents in a plan: where their state is, what is made for it, and what is told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from nono.broker.agents import agents
from nono.supervisor import Options, Plan, make_plan
from nono.supervisor.session.new_directories import make_directories


def plan(home: Path, profile: str | None, *argv: str, env: Mapping[str, str] | None = None) -> Plan:
    given = {"HOME": str(home), "PATH": "/usr/bin:/bin", **(env or {})}
    return make_plan(Options(profile=profile, workdir=str(home / "work")), argv, given)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return Path(tmp_path.resolve())


@pytest.mark.parametrize("argv", [("codex", "exec"), ("sh", "-c", "timeout 5 codex")])
def test_without_its_profile_its_state_is_the_sandbox_s_own(
    home: Path, argv: tuple[str, ...]
) -> None:
    (home / "bin").mkdir()
    (home / "bin/codex").write_text("")
    (home / "bin/codex").chmod(0o755)
    made = plan(home, "agent", *argv, env={"PATH": f"{home}/bin:/usr/bin:/bin"})
    own = f"{home}/.cache/nono/caches/agent/agents/codex"
    assert dict(made.environment.set)["CODEX_HOME"] == own
    assert made.caches is not None
    assert made.caches.state == (("CODEX_HOME", "agents/codex"),)
    assert made.new_directories == ()


def test_one_that_an_earlier_run_installed_has_its_place(home: Path) -> None:
    """PATH does not find it: it is in the sandbox's own caches."""
    for argv in (("codex",), ("sh", "-c", "codex exec"), ("timeout", "5", "codex")):
        made = plan(home, "agent", *argv)
        assert made.caches is not None
        assert made.caches.state == (("CODEX_HOME", "agents/codex"),), argv


def test_with_its_profile_it_is_the_person_s_and_made(home: Path) -> None:
    made = plan(home, "codex", "codex")
    assert dict(made.environment.set)["CODEX_HOME"] == f"{home}/.codex"
    assert made.new_directories == (f"{home}/.codex",)
    (home / ".codex").mkdir()
    assert plan(home, "codex", "codex").new_directories == ()


def test_one_that_is_installed_has_its_place(home: Path) -> None:
    """What installs OpenCode starts it once, and it makes its directory of settings."""
    install = agents()["opencode"].install
    assert install
    for argv in (*install, (*install[0], "--ignore-scripts")):
        made = plan(home, "opencode", *argv)
        assert dict(made.environment.set)["XDG_CONFIG_HOME"].startswith(f"{home}/.cache/nono/")
    assert "XDG_CONFIG_HOME" not in dict(plan(home, "opencode", "npm", "ls").environment.set)


def test_no_state_for_other_commands(home: Path) -> None:
    assert "CODEX_HOME" not in dict(plan(home, "agent", "cat", "codex").environment.set)


def test_what_is_made(home: Path) -> None:
    """Below the home, opened by a profile for writing, and not protected."""
    profile = home / "p.json"
    paths = ["~/a/b", "~", "/srv/nono-test-absent", "~/.ssh/x", "~/c*"]
    profile.write_text(json.dumps({"filesystem": {"allow": paths, "read": ["~/a/b/c", "~/r"]}}))
    assert plan(home, str(profile)).new_directories == (f"{home}/a/b", f"{home}/a/b/c", f"{home}/r")


def test_made_for_their_owner_alone_and_through_no_link(home: Path) -> None:
    (home / "elsewhere").mkdir()
    (home / "link").symlink_to("elsewhere")
    (home / "file").write_text("")
    make_directories([f"{home}/a/b", f"{home}/link/x", f"{home}/file/x", f"{home}/z"])
    assert [oct((home / name).stat().st_mode & 0o777) for name in ("a", "a/b", "z")] == [
        "0o700"
    ] * 3
    assert not list((home / "elsewhere").iterdir())
    make_directories([f"{home}/a/b"])


def test_notes(home: Path) -> None:
    named = "there is a profile for codex: nono run --profile codex -- ..."
    assert named in plan(home, None, "codex").notes
    assert named not in plan(home, "codex", "codex").notes
    assert plan(home, "codex", "codex").notes == ()  # it is not there, which is said first
    (home / "bin").mkdir()
    (home / "bin/codex").touch(0o755)
    env = {"PATH": f"{home}/bin:/usr/bin:/bin"}
    notes = plan(home, "codex", "codex", env=env).notes
    assert len([note for note in notes if "danger-full-access" in note]) == 1
    assert plan(home, "codex", "codex", "--yolo", env=env).notes == ()
