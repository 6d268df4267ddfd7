"""`--json` of every command that lists something."""

import json
import time
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from nono.supervisor.cli.answers import answers
from nono.supervisor.cli.audit import audit
from nono.supervisor.cli.credential import credential
from nono.supervisor.cli.listing import print_json
from nono.supervisor.cli.profile import profile
from nono.supervisor.cli.ps import ps
from nono.supervisor.planning.profiles.answers_file import ANSWERS
from nono.supervisor.planning.profiles.kept_answers import KeptAnswer, day, write_answers


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    return tmp_path


def listed(command: click.Command, *words: str) -> list[dict[str, Any]]:
    # As below `nono`: what a command has for its help is kept by click.
    done = CliRunner().invoke(
        command, [*words, "--json"], catch_exceptions=False, help_option_names=["-h", "--help"]
    )
    assert done.exit_code == 0, done.output
    rows = json.loads(done.stdout)
    assert isinstance(rows, list)
    return rows


def test_profiles_and_groups() -> None:
    names = {row["name"]: row for row in listed(profile, "list")}
    assert names["agent"]["place"] == "built-in" and names["agent"]["description"]
    groups = {row["name"]: row for row in listed(profile, "groups")}
    assert groups["deny_credentials"]["deny"]
    assert listed(profile, "groups", "deny_credentials") == [groups["deny_credentials"]]


def test_a_profile_with_mistakes(home: Path) -> None:
    (home / ".config/nono/profiles").mkdir(parents=True)
    (home / ".config/nono/profiles/bad.json").write_text("{")
    (row,) = [row for row in listed(profile, "list") if row["name"] == "bad"]
    assert row == {"name": "bad", "place": "own", "description": None}


def test_sessions_and_runs() -> None:
    assert listed(audit, "list") == [] == listed(ps)


def test_answers(home: Path) -> None:
    file = str(home / ".config/nono/profiles" / f"dev{ANSWERS}")
    today = day(time.time())
    write_answers(file, [KeptAnswer("filesystem.read", "/srv", today, today, "cat")])
    (row,) = listed(answers, "list", "--all")
    assert (row["of"], row["number"], row["key"], row["value"]) == (
        "dev",
        1,
        "filesystem.read",
        "/srv",
    )
    assert row["answered"] == row["used"] == today and row["stale"] is False
    assert listed(answers, "list", "--profile", "other") == []


def test_services() -> None:
    (row,) = [row for row in listed(credential, "list") if row["service"] == "anthropic"]
    assert row["key_variables"] == ["ANTHROPIC_API_KEY"] and row["key"] != "k"


def test_text_is_made_safe(capsys: pytest.CaptureFixture[str]) -> None:
    print_json([{"a": "\x1b[2J", "b": ["\u202e"], "c": None, "d": 3}])
    assert json.loads(capsys.readouterr().out) == [
        {"a": "\\x1b[2J", "b": ["\\u202e"], "c": None, "d": 3}
    ]
