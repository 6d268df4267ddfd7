"""What the ways of links hang on that patterns match: kept, and not without a bound."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nono.broker import (
    ALL_ACCESS,
    FLOOR_ACCESS,
    Allow,
    Effect,
    File,
    Metadata,
    Open,
    Operation,
    Origin,
    OriginKind,
    PathChange,
    PolicyError,
    Rule,
    Subtree,
)
from nono.broker.floor import carve
from nono.broker.requests import NOBODY
from nono.broker.rules.access import CHANGING, Access
from nono.supervisor.decisions import always, behind_links, opened_later, other_links
from nono.supervisor.decisions.always import complete
from nono.supervisor.decisions.complete import Complete
from nono.supervisor.decisions.opened_later import OpenedLater
from nono.supervisor.planning.make_plan import make_plan
from nono.supervisor.planning.options import Options

DENY = "**/*.pem"
DENIED = f"--deny {DENY}"


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`x.pem` goes up from `d`, and from `gone`, which is not there."""
    project = tmp_path / "home/project"
    (project / "d").mkdir(parents=True)
    (project / "real").write_text("")
    (project / "x.pem").symlink_to("d/../gone/../real")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(project)
    return project


def completed() -> Complete:
    return complete(make_plan(Options(allow=(".",), deny=(DENY,)), ("true",)))


def test_what_is_gone_up_from_is_not_changed(made: Path) -> None:
    found = completed()
    for path in ("d", "gone", "x.pem", "real"):
        refusal = PathChange(NOBODY, Operation.RENAME_TO, str(made / path))
        assert found.policy.decide(refusal).rule.origin.name == DENIED, path
    for path in ("d/x", "gone/x", "other"):
        assert isinstance(found.policy.decide(Open(NOBODY, f"{made}/{path}", Access.WRITE)), Allow)
    rules = {rule.access for rule in found.policy.rules if rule.pattern == File(f"{made}/d")}
    assert rules == {CHANGING}


@pytest.mark.parametrize("name", ["conf", "x.pem"])
def test_a_link_to_what_is_not_open_yet_stays(made: Path, name: str) -> None:
    """A later grant may open where it leads."""
    home = made.parent
    (home / "late/shared").mkdir(parents=True)
    (home / "early").mkdir()
    (home / "early" / name).symlink_to("../early/between/../../late/shared")
    plan = make_plan(Options(allow_cwd=True, ask="watch", deny=(DENY, "**/conf/*.key")))
    decisions = complete(plan).decisions()
    later = OpenedLater(plan, decisions, os.environ)
    opened = Subtree(f"{home}/early")
    later.open([Rule(opened, ALL_ACCESS, Effect.ALLOW, Origin(OriginKind.ANSWER, "1, 12:00"))])
    for path in (name, "between"):
        assert not decisions.allows(PathChange(NOBODY, Operation.SYMLINK, f"{home}/early/{path}"))
    assert decisions.allows(PathChange(NOBODY, Operation.SYMLINK, f"{home}/early/other"))


def test_nobody_is_asked_to_move_what_a_setting_goes_up_from(made: Path) -> None:
    other = made.parent / "other"
    for name in ("sub", "hooks", ".git/objects", ".git/refs"):
        (other / name).mkdir(parents=True)
    (other / ".git/HEAD").touch()
    (other / ".git/config").write_text("[core]\n\thooksPath = sub/../hooks\n")
    plan = make_plan(Options(allow_cwd=True, ask="watch"))
    later = OpenedLater(plan, complete(plan).decisions(), os.environ)

    def is_kept(operation: Operation, path: str) -> bool:
        return later.protections([[PathChange(NOBODY, operation, f"{other}/{path}")]]) != [None]

    for operation in (Operation.RMDIR, Operation.RENAME_FROM, Operation.RENAME_TO):
        assert is_kept(operation, "sub") and is_kept(operation, "hooks")
    assert not is_kept(Operation.MKDIR, "sub/new") and not is_kept(Operation.MKDIR, "new")


def test_the_way_to_a_file_with_a_key_stays(made: Path) -> None:
    """The next run would send what it finds there, and show what was one."""
    (made / "up").mkdir()
    (made / "key").symlink_to("up/../real")
    (made / "real").chmod(0o600)
    service = (f"openai=file://{made}/key",)
    plan = make_plan(Options(allow=(".",), proxy_credential=service), ("true",))
    policy = complete(plan, proxy_port=1).policy
    assert not isinstance(policy.decide(Open(NOBODY, f"{made}/real", Access.READ)), Allow)
    for path in ("key", "up", "real"):
        change = PathChange(NOBODY, Operation.RENAME_TO, f"{made}/{path}")
        assert not isinstance(policy.decide(change), Allow), path
    assert isinstance(policy.decide(Open(NOBODY, f"{made}/up/x", Access.WRITE)), Allow)


def test_what_holds_a_link_is_kept_by_the_link(made: Path) -> None:
    """And may be given another mode, say."""
    (made / "sub").mkdir()
    (made / "sub/l.pem").symlink_to("../real")
    policy = completed().policy
    assert isinstance(policy.decide(Metadata(NOBODY, "chmod", f"{made}/sub")), Allow)
    move = PathChange(NOBODY, Operation.RENAME_FROM, f"{made}/sub", directory=True)
    assert not isinstance(policy.decide(move), Allow)


def test_there_is_a_bound(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With more than that what is opened around is not changed at all, and the start goes on."""
    monkeypatch.setattr(behind_links, "_MAX_PASSED", 1)
    found = completed()
    for path in ("other", "gone", "d/x"):
        refusal = found.policy.decide(Open(NOBODY, f"{made}/{path}", Access.WRITE))
        assert refusal.rule.pattern.spelled == f"{made}/x.pem"
    assert isinstance(found.policy.decide(Open(NOBODY, f"{made}/d/x", Access.READ)), Allow)


@pytest.mark.parametrize("deny", [DENY, "**/conf/*.key"])
def test_where_they_lead_through_too_much_nothing_is_open(
    made: Path, deny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The patterns' links may lead anywhere in what is opened; the start goes on."""
    for name in ("a.pem", "conf"):
        (made / name).symlink_to("a/" * 50)
    options = Options(allow=(".",), read=(f"{made.parent}/read",), deny=(deny,))
    (made.parent / "read").mkdir()
    plan = make_plan(options, ("true",))
    paths = (f"{made}/other", f"{made.parent}/read/x")
    before = complete(plan)
    for path in paths:
        assert isinstance(before.policy.decide(Open(NOBODY, path, Access.READ)), Allow)
    monkeypatch.setattr(always, "MAX_FOLLOWED", 400)
    found = complete(plan)
    for path in paths:
        refusal = found.policy.decide(Open(NOBODY, path, Access.READ))
        assert refusal.rule.origin.name == f"--deny {deny}"
        assert not found.floor.covers(path, Access.READ)
    assert any(": leads through more names" in note for note in found.notes)
    later = OpenedLater(plan, before.decisions(), os.environ)
    monkeypatch.setattr(opened_later, "MAX_FOLLOWED", 400)
    grant = Rule(
        Subtree(f"{made.parent}/late"), ALL_ACCESS, Effect.ALLOW, Origin(OriginKind.ANSWER, "1")
    )
    with pytest.raises(PolicyError):
        later.open([grant])


@pytest.mark.parametrize(("most", "named", "others"), [(9, "t/", 2), (2, "", 0)])
def test_where_more_links_lead_than_are_followed(
    made: Path, monkeypatch: pytest.MonkeyPatch, most: int, named: str, others: int
) -> None:
    """The start goes on, and what is behind them is refused as a whole, or all around that."""
    for number in range(4):
        (made / f"t/{number}").mkdir(parents=True)
        (made / f"s/{number}").mkdir(parents=True)
        (made / f"s/{number}/conf").symlink_to(f"../../t/{number}")
    monkeypatch.setattr(carve, "_MAX_LED", 1)
    monkeypatch.setattr(carve, "_MAX_WHOLE", most)
    found = complete(make_plan(Options(allow=(".",), deny=("**/conf/*.key",)), ("true",)))
    opened = [
        isinstance(found.policy.decide(Open(NOBODY, f"{made}/t/{number}/x", Access.READ)), Allow)
        for number in range(4)
    ]
    assert opened.count(True) == (1 if named else 0)
    (note,) = (note for note in found.notes if "more links that patterns pass" in note)
    assert note.startswith(f"{made}/{named}".rstrip("/"))
    assert ("and 2 other" in note) is bool(others)


@pytest.fixture
def outside(made: Path) -> Path:
    """What nobody opened: links of patterns lead there, and its files have other names inside."""
    top = made.parent / "outside"
    (top / "shared/below").mkdir(parents=True)
    for name in ("real", "shared/a.key", "shared/below/b.key", "shared/x"):
        (top / name).write_text("")
    for number, name in enumerate(("real", "shared/a.key", "shared/below/b.key", "shared/x")):
        (made / f"public{number}").hardlink_to(top / name)
    (made / "out.pem").symlink_to("../outside/real")
    (made / "conf").symlink_to("../outside/shared")
    return top


def readable(deny: str) -> list[int]:
    """Which of the other names."""
    policy = completed_for(deny).policy
    names = [f"{os.getcwd()}/public{number}" for number in range(4)]
    asked = [policy.decide(Open(NOBODY, name, Access.READ)) for name in names]
    return [number for number, answer in enumerate(asked) if isinstance(answer, Allow)]


def completed_for(deny: str) -> Complete:
    return complete(make_plan(Options(allow=(".",), deny=(deny,)), ("true",)))


@pytest.mark.parametrize(
    ("deny", "left"),
    [
        ("**/*.pem", [1, 2, 3]),
        ("**/con*", [0]),
        ("**/conf/*.key", [0, 2, 3]),
        ("**/conf/**/*.key", [0, 3]),
        ("other/*.key", [0, 1, 2, 3]),
    ],
)
def test_what_links_lead_to_outside_is_refused_by_its_other_names(
    outside: Path, deny: str, left: list[int]
) -> None:
    assert readable(deny) == left


def test_what_was_not_looked_at_outside_is_told(
    outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "lead out of what is opened"
    for deny, module, bound in (
        ("**/con*", other_links, "_MAX_OUTSIDE"),
        ("**/conf/**/*.key", behind_links, "_MAX_ENTRIES"),
        ("**/conf/*.key", behind_links, "_MAX_ELSEWHERE"),
    ):
        assert not any(said in note for note in completed_for(deny).notes)
        monkeypatch.setattr(module, bound, 0)
        assert any(said in note for note in completed_for(deny).notes), deny
        monkeypatch.undo()
        monkeypatch.chdir(outside.parent / "project")


@pytest.mark.parametrize("first", ["early", "late"])
def test_to_take_a_grant_back_opens_nothing(made: Path, first: str) -> None:
    """Whichever of both came first, what its link leads to in the other is refused."""
    home = made.parent
    (home / "early").mkdir()
    (home / "late/shared").mkdir(parents=True)
    (home / "late/shared/a.key").write_text("")
    (home / "early/conf").symlink_to("../late/shared")
    plan = make_plan(Options(allow_cwd=True, ask="watch", deny=("**/conf/*.key",)))
    decisions = complete(plan).decisions()
    before = decisions.policy
    later = OpenedLater(plan, decisions, os.environ)
    origins = {name: Origin(OriginKind.ANSWER, f"{name}, 12:00") for name in ("early", "late")}
    for name in sorted(origins, key=lambda name: name != first):
        opened = Subtree(f"{home}/{name}")
        later.open([Rule(opened, FLOOR_ACCESS, Effect.ALLOW, origins[name])])
    key, other = (
        Open(NOBODY, f"{home}/late/shared/{name}", Access.READ) for name in ("a.key", "b")
    )
    assert not decisions.allows(key) and decisions.allows(other)
    decisions.retract(origins["early"])
    assert not decisions.allows(key) and decisions.allows(other)
    decisions.retract(origins["late"])
    assert decisions.policy == before
