"""Repositories in what was opened before lead into what is opened now: held as at a start."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nono.broker import (
    Access,
    Allow,
    Effect,
    Open,
    Operation,
    Origin,
    OriginKind,
    PathChange,
    Request,
    Rule,
    Subtree,
)
from nono.broker.requests import NOBODY
from nono.supervisor.decisions.always import complete
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.decisions.opened_later import OpenedLater
from nono.supervisor.planning.make_plan import make_plan
from nono.supervisor.planning.options import Options


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project, and beside it what its repository, and another's link, lead to."""
    made = tmp_path.resolve() / "home"
    for directory in ("project/.git", "shared/hooks", "first/x", "second/s/hooks", "second/free"):
        (made / directory).mkdir(parents=True)
    for name in ("project/.git/HEAD", "second/s/HEAD", "second/s/config"):
        (made / name).touch()
    for name in ("objects", "refs"):
        (made / "second/s" / name).mkdir()
    (made / "first/x/.git").symlink_to("../../second/s")
    (made / "project/.git/config").write_text("[core]\n\thooksPath = ../shared/hooks\n")
    monkeypatch.setenv("HOME", str(made))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(made / "project")
    return made


def start(*opened: Path) -> tuple[Decisions, OpenedLater]:
    plan = make_plan(Options(allow_cwd=True, ask="watch", allow=[str(each) for each in opened]))
    decisions = complete(plan).decisions()
    return decisions, OpenedLater(plan, decisions, os.environ)


def grant(path: Path) -> Rule:
    origin = Origin(OriginKind.ANSWER, "1, 12:00")
    return Rule(Subtree(str(path)), Access.READ | Access.WRITE, Effect.ALLOW, origin)


def writes(path: Path) -> Request:
    if path.exists():
        return Open(NOBODY, str(path), Access.WRITE)
    return PathChange(NOBODY, Operation.CREATE, str(path))


def allowed(decisions: Decisions, *paths: Path) -> list[bool]:
    return [isinstance(decisions.verdict(writes(each))[1], Allow) for each in paths]


def test_what_an_earlier_repository_names(home: Path) -> None:
    asked = home / "shared/hooks/pre-commit", home / "shared/other"
    decisions, later = start()
    later.open([grant(home / "shared")])
    assert allowed(decisions, *asked) == [False, True]
    assert allowed(start(home / "shared")[0], *asked) == [False, True]


def test_where_an_earlier_link_leads(home: Path) -> None:
    asked = home / "second/s/config", home / "second/s/hooks/new", home / "second/free/new"
    decisions, later = start()
    later.open([grant(home / "first")])
    later.open([grant(home / "second")])
    assert allowed(decisions, *asked) == [False, False, True]
    assert allowed(start(home / "first", home / "second")[0], *asked) == [False, False, True]


def test_what_the_run_has_made_stays_its_own(home: Path) -> None:
    """A repository in what was opened before, where nobody looked for one of its own."""
    decisions, later = start()
    (home / "project/new/.git/hooks").mkdir(parents=True)
    (home / "project/new/.git/HEAD").touch()
    later.open([grant(home / "shared")])
    assert allowed(decisions, home / "project/new/.git/hooks/x") == [True]
