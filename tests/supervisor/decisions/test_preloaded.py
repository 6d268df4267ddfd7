"""When programs load nono's library for opens: where the floor alone is as strict as nono."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from nono import shims
from nono.broker import ALL_ACCESS, Access, Effect, Floor, Glob, Origin, OriginKind, Policy, Rule
from nono.broker.floor.floor import FloorRule
from nono.broker.rules.access import CHANGING
from nono.supervisor.audit.writer import AuditOptions
from nono.supervisor.decisions import other_links
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.decisions.preloaded import library, loaded_by, readable
from nono.supervisor.places import planned_for
from nono.supervisor.planning.make_plan import make_plan
from nono.supervisor.planning.options import Options
from nono.supervisor.session.prepare import prepare

ORIGIN = Origin(OriginKind.FLAG, "--deny")


class Watching:
    """A witness."""

    def __init__(self, every_call: bool) -> None:
        self.every_call = every_call
        self.refuses = self.may_refuse = False

    def decision(self, *_: object) -> None: ...

    def native(self, *_: object) -> None: ...

    def unresolved(self, *_: object) -> None: ...


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A library, as if it had been built."""
    path = tmp_path.resolve() / "shims/linux/libpreload.so"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"ELF")
    monkeypatch.setattr(shims, "__file__", str(tmp_path / "shims/__init__.py"))
    with planned_for("linux"):
        yield str(path)


def decisions(*rules: Rule, path: str, every_call: bool | None = None) -> Decisions:
    floor = Floor([FloorRule(path, Access.READ, directory=False)])
    return Decisions(
        Policy(rules=rules), floor, None if every_call is None else Watching(every_call)
    )


def refusing(access: Access, effect: Effect = Effect.DENY) -> Rule:
    return Rule(Glob("/srv/**/.env"), access, effect, ORIGIN)


def test_it_is_loaded_where_nothing_speaks_against_it(built: str, tmp_path: Path) -> None:
    assert library() == built
    assert [rule.pattern.path for rule in readable()] == [built]  # type: ignore[union-attr]
    (tmp_path / "hosts").touch()
    for made in (
        decisions(path=built),
        decisions(path=built, every_call=False),
        decisions(refusing(CHANGING), path=built),  # what the floor holds, whatever is made later
    ):
        assert loaded_by(made, [], False) == built
        assert loaded_by(made, [str(tmp_path / "hosts")], False) == built


def test_not_where_nono_is_stricter_than_the_floor(built: str, tmp_path: Path) -> None:
    (tmp_path / "hosts").touch()
    here = [str(tmp_path / "hosts")]
    assert not loaded_by(decisions(refusing(ALL_ACCESS), path=built), [], False)
    assert not loaded_by(decisions(refusing(Access.READ), path=built), [], False)
    assert not loaded_by(decisions(path=built, every_call=True), [], False)
    assert not loaded_by(decisions(path=built), [], True)
    assert not loaded_by(decisions(path=built), [str(tmp_path / "absent")], False)
    opened = Floor([FloorRule(each, Access.READ, True) for each in (built, str(tmp_path))])
    assert not loaded_by(Decisions(Policy(), opened), here, False)
    assert not loaded_by(decisions(path="/elsewhere"), [], False)


def test_not_where_there_is_none_or_none_that_can_be_named(
    built: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a b", "a:b", "a$LIB"):
        place = tmp_path / name / "linux/libpreload.so"
        place.parent.mkdir(parents=True)
        place.touch()
        monkeypatch.setattr(shims, "__file__", str(tmp_path / name / "x.py"))
        assert library() == "" and list(readable()) == []
    monkeypatch.setattr(shims, "__file__", str(tmp_path / "shims/x.py"))
    assert library() == built
    with planned_for("macos"):
        assert library() == "" and not loaded_by(decisions(path=built), [], False)


@pytest.mark.requires(landlock=2, commands=["gcc"])
@pytest.mark.parametrize("is_found", [True, False])
def test_not_where_a_refused_file_may_have_an_open_name(
    is_found: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside a refusal each entry gets a kernel rule, and that one belongs to the file."""
    work = tmp_path / "work"
    work.mkdir()
    (work / "refused").write_text("x")
    os.link(work / "refused", work / "other")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    if not is_found:
        monkeypatch.setattr(other_links, "_MAX_ENTRIES", 0)
    options = Options(preload=True, allow=[work], deny=[work / "refused"], workdir=str(work))
    with contextlib.closing(prepare(make_plan(options, ["true"]), best_effort=True)) as prepared:
        floor = prepared.decisions.floor
        assert bool(prepared.confinement.preload) == is_found
        assert floor.covers(str(work / "other"), Access.READ) != is_found


@pytest.mark.requires(landlock=2, commands=["gcc"])
@pytest.mark.parametrize(
    ("options", "audit", "is_loaded"),
    [
        ({"allow_cwd": True}, AuditOptions(), True),
        ({"deny": ["secrets"]}, None, True),
        ({"deny_write": ["**/*.lock"]}, None, True),
        ({"allow_domain": ["unknown.example"]}, None, True),
        ({"allow_cwd": True, "deny": ["**/.env"]}, None, False),
        ({"preload": False}, None, False),
        ({}, AuditOptions(every_call=True), False),
        ({}, AuditOptions(required=True), False),
    ],
    ids=str,
)
def test_runs(
    options: Mapping[str, Any],
    audit: AuditOptions | None,
    is_loaded: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    chosen = {"preload": True, "workdir": str(tmp_path / "work"), **options}
    plan = make_plan(Options(**chosen), ["true"])
    with contextlib.closing(prepare(plan, audit=audit, best_effort=True)) as prepared:
        assert library(), "it was not built when nono was installed"
        path = prepared.confinement.preload
        assert bool(path) == is_loaded
        assert not path or (os.path.samefile(path, library()) and "libasan.so" in path)
    assert (next(iter(readable())) in prepared.decisions.policy.rules) == plan.preload
