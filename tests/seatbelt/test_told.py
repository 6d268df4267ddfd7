"""`--platform macos` on a machine that is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nono.supervisor.cli import elsewhere
from nono.supervisor.cli.commands import nono as command
from nono.supervisor.decisions.complete import Complete
from nono.supervisor.macos.compiled import Compiled
from nono.supervisor.macos.on_disk import path_on_disk
from nono.supervisor.places import platform
from tests.seatbelt.evaluator import READINGS, Asked, parse

_seatbelt = elsewhere.seatbelt


def _nono(*words: str) -> Result:
    return CliRunner().invoke(command, words)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    (home / "project").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(home / "project")
    return home


@pytest.fixture(autouse=True)
def compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same policy is not compiled again, which takes a second."""
    known: list[tuple[Complete, Compiled]] = []

    def seatbelt(made: Complete) -> Compiled:
        for other, held in known:
            if other.policy == made.policy:
                return held
        known.append((made, _seatbelt(made)))
        return known[-1][1]

    monkeypatch.setattr(elsewhere, "seatbelt", seatbelt)


def test_the_profile_that_a_mac_would_get(home: Path) -> None:
    options = ("--allow-cwd", "--deny", "secret", "--allow-domain", "pypi.org")
    done = _nono("run", "--dry-run", "--json", "--platform", "macos", *options, "--", "true")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    rules = parse(told["profile"], told["parameters"])
    for path, expected in {
        path_on_disk(f"{home}/project/a"): True,
        path_on_disk(f"{home}/project/secret"): False,
        path_on_disk(f"{home}/.ssh/id_rsa"): False,
        "/usr/lib/dyld": True,
        "/private/etc/master.passwd": False,
    }.items():
        answers = {read(rules, Asked("file-read-data", path)) for read in READINGS.values()}
        assert answers == {expected}, path
    assert {each["what"] for each in told["differences"]} >= {"hosts by name"}
    text = _nono("run", "--dry-run", "--platform", "macos", *options, "--", "true").stdout
    assert "macOS is not proven" in text and "but paths: those of this machine" in text
    assert told["profile"] in text


def test_why_answers_as_seatbelt_would(home: Path) -> None:
    for path, op, code in (("a", "write", 0), ("../.ssh/id_rsa", "read", 1), ("/sbin", "read", 0)):
        done = _nono("why", "--platform", "macos", "--allow-cwd", "--path", path, "--op", op)
        assert done.exit_code == code, done.output
        assert "enforced by: the kernel, by Seatbelt" in done.output
    done = _nono("why", "--platform", "macos", "--path", "/etc/passwd", "--op", "read")
    assert "allowed by built-in rule what every program needs on macOS" in done.output


def test_why_says_who_answers_for_hosts(home: Path) -> None:
    for words, code, layer in (
        (("--allow-domain", "a.example", "--host", "b.example"), 1, "proxy of nono's"),
        (("--host", "b.example"), 0, "kernel, by Seatbelt"),
        (("--host", "169.254.169.254"), 0, "kernel, by Seatbelt"),
        (("--block-net", "--host", "b.example"), 1, "kernel, by Seatbelt"),
    ):
        done = _nono("why", "--platform", "macos", *words)
        assert (done.exit_code, f"enforced by: the {layer}" in done.output) == (code, True), words


def test_the_groups_are_those_of_the_platform(home: Path) -> None:
    keychain = str(home / "Library/Keychains/login.keychain-db")
    done = _nono("why", "--platform", "macos", "--allow", str(home), "--path", keychain)
    assert "deny_keychains_macos" in done.output
    done = _nono("profile", "show", "--platform", "macos", "default")
    assert "deny_keychains_macos" in done.output and "_linux" not in done.output
    assert "enforced by the kernel alone, by Seatbelt" in done.output
    assert "call by call" not in done.output and "copy" not in done.output
    assert platform() == "linux"


def test_the_table(home: Path) -> None:
    done = _nono("setup", "--check", "--platform", "macos")
    assert done.exit_code == 0
    assert "NO  questions about files" in done.output
    assert "a run that needs what is marked NO is refused" in done.output


def test_nothing_is_run_as_elsewhere(home: Path) -> None:
    done = _nono("run", "--platform", "macos", "--", "true")
    assert "this is not macos" in str(done.exception)
