"""However a sandbox is opened, at its start or by grants in any order, it comes to no more than a
start with all of them: over small trees of links and hard links, without a sandbox."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from nono.broker import Access, Effect, Open, Origin, OriginKind, PolicyError, Rule, Subtree
from nono.broker.requests import NOBODY
from nono.supervisor.decisions.always import complete
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.decisions.opened_later import OpenedLater
from nono.supervisor.planning.make_plan import make_plan
from nono.supervisor.planning.options import Options

_DIRECTORIES = ("a", "a/sub", "b", "b/sub", "c", "d")
_FILES = tuple(f"{directory}/{name}" for directory in _DIRECTORIES for name in ("k.key", "plain"))
_NAMES = ("conf", "x.pem", "own", "l.key")
_PATTERNS = ("**/*.pem", "**/conf/*.key", "**/conf", "**/conf/*/k.key", "**/sub/*.key")

_Made = st.dictionaries(
    st.builds("/".join, st.tuples(st.sampled_from(_DIRECTORIES), st.sampled_from(_NAMES))),
    st.one_of(
        st.sampled_from(_FILES).map(lambda file: ("hard link", file)),
        st.sampled_from((*_DIRECTORIES, *_FILES)).map(lambda path: ("link", path)),
    ),
    min_size=1,
    max_size=4,
)
_Grants = st.lists(
    st.tuples(st.sampled_from(("", *_DIRECTORIES)), st.sampled_from(("read", "allow"))),
    min_size=1,
    max_size=4,
    unique_by=lambda each: each[0],
)


@dataclass(frozen=True)
class Case:
    """What is made beside plain files, what is refused, and what is opened in turn."""

    made: dict[str, tuple[str, str]]
    refused: list[str]
    grants: list[tuple[str, str]]
    at_start: int
    """How many of the grants a start has already."""

    def make(self, place: Path) -> None:
        for directory in _DIRECTORIES:
            (place / directory).mkdir()
        for file in _FILES:
            (place / file).write_text("x\n")
        for name, (kind, path) in self.made.items():
            target = place / path
            if kind == "link":
                (place / name).symlink_to(target)
            else:
                (place / name).hardlink_to(target)

    def start(self, place: Path, grants: list[tuple[str, str]]) -> tuple[Decisions, OpenedLater]:
        read, allow = (
            [str(place / path) for path, option in grants if option == one]
            for one in ("read", "allow")
        )
        options = Options(
            ask="watch", workdir=str(place), deny=tuple(self.refused), read=read, allow=allow
        )
        plan = make_plan(options)
        decisions = complete(plan).decisions()
        return decisions, OpenedLater(plan, decisions, os.environ)


_Case = st.builds(
    Case,
    _Made,
    st.lists(st.sampled_from(_PATTERNS), min_size=1, max_size=2, unique=True),
    _Grants,
    st.integers(0, 2),
)


def _case(name: str, kind: str, path: str, grants: list[tuple[str, str]], at_start: int) -> Case:
    return Case({f"a/{name}": (kind, path)}, ["**/*.pem", "**/conf/*.key"], grants, at_start)


def _opened(place: Path, decisions: Decisions) -> set[tuple[str, str]]:
    """What may be opened, by the kernel's rules or nono."""
    found = set()
    for path in sorted(place.rglob("*")):
        for access in (Access.READ, Access.WRITE):
            is_open = not path.is_symlink() and (
                decisions.allows(Open(NOBODY, str(path), access))
                or decisions.floor_covers(str(path), access)
            )
            if is_open:
                found.add((str(path.relative_to(place)), access.name or ""))
    return found


_RIGHTS = {"read": Access.READ, "allow": Access.READ | Access.WRITE}


def _granted(place: Path, grant: tuple[str, str], number: int) -> Rule:
    path, option = grant
    origin = Origin(OriginKind.ANSWER, f"{number}, 12:00")
    return Rule(Subtree(str(place / path)), _RIGHTS[option], Effect.ALLOW, origin)


def _in_turn(case: Case, place: Path) -> None:
    made = [*case.grants[: case.at_start]]
    decisions, later = case.start(place, made)
    for number, grant in enumerate(case.grants[case.at_start :]):
        try:
            later.open([_granted(place, grant, number)])
        except PolicyError:
            continue
        made.append(grant)
    together, _ = case.start(place, made)
    assert _opened(place, decisions) <= _opened(place, together), case


@settings(
    max_examples=200,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.generate],
)
@example(_case("conf", "link", "b", [("b", "read"), ("a", "read")], 0))
@example(_case("conf", "link", "b", [("b", "read"), ("a", "read")], 1))
@example(_case("x.pem", "link", "b/plain", [("a", "read"), ("b", "allow")], 1))
@example(_case("x.pem", "hard link", "b/plain", [("b", "read"), ("", "read")], 1))
@given(_Case)
def test_parts_come_to_no_more_than_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: Case
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with TemporaryDirectory(dir=tmp_path) as place:
        case.make(Path(place))
        _in_turn(case, Path(place))


def test_where_a_path_of_a_group_leads_is_looked_at_for_each_grant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody's start file was there at the first one."""
    for name in ("project", "early", "late"):
        (tmp_path / name).mkdir()
    (tmp_path / "late/rc").touch()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path / "project")
    plan = make_plan(Options(allow_cwd=True, ask="watch"))
    decisions = complete(plan).decisions()
    later = OpenedLater(plan, decisions, os.environ)

    def grant(name: str) -> None:
        pattern = Subtree(str(tmp_path / name))
        access = Access.READ | Access.WRITE
        later.open([Rule(pattern, access, Effect.ALLOW, Origin(OriginKind.ANSWER, "1"))])

    grant("early")
    (tmp_path / ".vimrc").symlink_to("late/rc")
    grant("late")
    assert not decisions.allows(Open(NOBODY, str(tmp_path / "late/rc"), Access.WRITE))
