"""A profile of every kind, as a Mac would hold a program to it: compiled, equal, and explained."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from nono.broker import (
    Access,
    Allow,
    Execute,
    Open,
    UnixConnect,
)
from nono.broker.requests import NOBODY
from nono.broker.rules.paths import child
from nono.broker.rules.rule import Rule, singly
from nono.broker.settings import KEYS
from nono.supervisor.cli import elsewhere
from nono.supervisor.cli.commands import nono
from nono.supervisor.decisions.always import complete
from nono.supervisor.decisions.complete import Complete
from nono.supervisor.errors import UsageError
from nono.supervisor.macos.compiled import Compiled
from nono.supervisor.macos.confine import check_differences
from nono.supervisor.macos.on_disk import path_on_disk
from nono.supervisor.places import planned_for
from nono.supervisor.planning.make_plan import make_plan
from nono.supervisor.planning.options import Options
from tests.conftest import CHECKOUT
from tests.seatbelt.evaluator import READINGS, Asked, parse

PROFILES = sorted((CHECKOUT / "tests/profiles").glob("*.json"))
NOT_AS_THEY_ARE = {"questions", "ports"}
"""Those that a run is refused for there, unless with less."""
_WHY = ("why", "--platform", "macos")
DIRECTORIES = ("shared/secret", "shared/kept", "notes", "out", "listed", "files", "project")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (*DIRECTORIES, ".ssh/known_hosts.d"):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
    for name in ("state", "read", "log", "socket"):
        (tmp_path / "files" / name).touch()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path


def test_they_are_of_every_kind() -> None:
    kinds = {key.name for key in KEYS if key.in_profile and (key.kind or key.stands_for)}
    found = set()
    for path in PROFILES:
        for room, settings in json.loads(path.read_text(encoding="utf-8")).items():
            found |= {f"{room}.{name}" for name in settings}
    assert kinds - found == set()


@pytest.mark.lots(kind="profile")
@pytest.mark.long
@pytest.mark.parametrize("path", PROFILES, ids=[path.stem for path in PROFILES])
def test_a_profile_on_a_mac(path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with planned_for("macos"):
        made = complete(make_plan(Options(profile=str(path)), []))
        held = elsewhere.seatbelt(made)
    rules = parse(held.profile.text(), held.profile.parameters())
    for request, operation in _asked(held, home):
        allowed = isinstance(held.policy.decide(request), Allow)
        is_socket = operation == "network-outbound"
        asked = Asked(operation, request.path, is_unix_socket=is_socket)
        answers = {reading(rules, asked) for reading in READINGS.values()}
        assert answers == {allowed}, (operation, request.path)
        assert held.allows(request) is allowed
    with monkeypatch.context() as context:
        context.setattr(elsewhere, "seatbelt", partial(_already, made, held))
        done = CliRunner().invoke(nono, [*_WHY, "--profile", str(path), f"{home}/.ssh/id_rsa"])
    assert "denied: read" in done.output, done.output
    assert "enforced by: the kernel, by Seatbelt" in done.output
    if path.stem in NOT_AS_THEY_ARE:
        with pytest.raises(UsageError, match=": "):
            check_differences(made.policy, best_effort=False)
    assert bool(check_differences(made.policy, best_effort=True)) == (path.stem in NOT_AS_THEY_ARE)


def _already(made: Complete, held: Compiled, other: Complete) -> Compiled:
    """What `why` would compile takes as long as all else, and is of the same rules.

    Those of the person: what is protected besides depends on what lies in /tmp at the time.
    """
    assert _of_person(other.policy.rules) == _of_person(made.policy.rules)
    return held


def _of_person(rules: Iterable[Rule]) -> list[Rule]:
    return [rule for rule in singly(rules) if rule.origin.is_of_person]


Asking = Open | Execute | UnixConnect


def _asked(held: Compiled, home: Path) -> Iterator[tuple[Asking, str]]:
    """What the profile's own rules name and what is near, in every way that is told apart."""
    named = {path for rule in _of_person(held.policy.rules) for path in rule.named}
    names = ("x", ".env", "A.pem", "key1", "perhaps-not", "y.lock")
    top = path_on_disk(str(home))
    inside = {child(f"{top}/shared", name) for name in names}
    others = {f"{top}/.ssh/id_rsa", f"{top}/.SSH/id_rsa", "/usr/lib/dyld", top}
    for path in sorted({*named, *inside, *others}):
        yield Open(NOBODY, path, Access.READ), "file-read-data"
        yield Open(NOBODY, path, Access.WRITE), "file-write-data"
        yield Execute(NOBODY, path), "process-exec"
        yield UnixConnect(NOBODY, path), "network-outbound"
