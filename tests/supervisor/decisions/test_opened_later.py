"""What is opened during a run is held as at a start: with real files, without a sandbox."""

from __future__ import annotations

import itertools
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from nono.broker import (
    Access,
    Allow,
    Deny,
    Effect,
    File,
    Open,
    Operation,
    Origin,
    OriginKind,
    PathChange,
    PolicyError,
    Request,
    Rule,
    Subtree,
)
from nono.broker.asking.surroundings import Place
from nono.broker.learning.generalise import Surroundings
from nono.broker.requests import NOBODY
from nono.supervisor.asking.asking import Asking
from nono.supervisor.asking.dispatch import Dispatch
from nono.supervisor.asking.granting.live import Live
from nono.supervisor.asking.waiting.look import QuickLook
from nono.supervisor.decisions import other_links
from nono.supervisor.decisions.always import complete
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.decisions.opened_later import OpenedLater
from nono.supervisor.decisions.run_by_people import RunByPeople
from nono.supervisor.faults import Faults
from nono.supervisor.planning.git.remembered_repositories import remember, remembered
from nono.supervisor.planning.make_plan import make_plan
from nono.supervisor.planning.options import Options

RW = Access.READ | Access.WRITE
ANSWER = Origin(OriginKind.ANSWER, "1, 12:00")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With a project, and a repository beside it."""
    made = tmp_path / "home"
    for directory in ("project", "other/.git/hooks", "other/.git/objects", "other/.git/refs"):
        (made / directory).mkdir(parents=True)
    for name in ("other/.git/HEAD", "other/.git/config", "other/a.txt", ".bashrc"):
        (made / name).write_text("")
    (made / "data").mkdir()
    os.link(made / ".bashrc", made / "data" / "rc")
    monkeypatch.setenv("HOME", str(made))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(made / "project")
    return made


def start(home: Path, **options: object) -> tuple[Decisions, OpenedLater]:
    plan = make_plan(Options(allow_cwd=True, ask="watch", **options))  # type: ignore[arg-type]
    decisions = complete(plan).decisions()
    return decisions, OpenedLater(plan, decisions, os.environ)


def grant(path: Path, access: Access = RW) -> Rule:
    return Rule(Subtree(str(path)), access, Effect.ALLOW, ANSWER)


def writes(path: Path) -> Request:
    if path.exists():
        return Open(NOBODY, str(path), Access.WRITE)
    return PathChange(NOBODY, Operation.CREATE, str(path))


STARTING = (
    "other/.git/hooks/post-commit",
    "other/.git/config",
    "other/.envrc",
    "other/.vscode/tasks.json",
)


def test_a_repository_that_an_answer_opens_is_held_as_one_of_the_start(home: Path) -> None:
    decisions, later = start(home)
    later.open([grant(home / "other")])
    at_start, _ = start(home, allow=[str(home / "other")])
    for each in (decisions, at_start):
        assert each.allows(writes(home / "other" / "a.txt"))
        assert each.allows(writes(home / "other" / "new"))
        for name in STARTING:
            verdict = each.verdict(writes(home / name))[1]
            assert isinstance(verdict, Deny) and verdict.rule.protected, name


def test_another_name_of_a_refused_file_stays_refused(home: Path) -> None:
    decisions, later = start(home)
    later.open([grant(home / "data")])
    assert decisions.allows(writes(home / "data" / "new"))
    assert not decisions.allows(writes(home / "data" / "rc"))
    assert not decisions.allows(writes(home / ".bashrc"))


def test_what_two_grants_open_is_held_as_what_one_opens(home: Path) -> None:
    """A name in the earlier of them may lead to what is refused in the later one."""
    for name in ("late/x/p.pem", "late/shared/a.key", "early/plain"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("x\n")
    (home / "early/name").hardlink_to(home / "late/x/p.pem")
    (home / "early/conf").symlink_to("../late/shared")
    decisions, later = start(home, deny=("**/*.pem", "**/conf/*.key"))
    for name in ("early", "late"):
        later.open([grant(home / name)])
    assert decisions.allows(Open(NOBODY, str(home / "early/plain"), Access.READ))
    for name in ("late/x/p.pem", "late/shared/a.key", "early/name"):
        assert not decisions.allows(Open(NOBODY, str(home / name), Access.READ)), name


def test_what_would_be_refused_and_is_open_by_another_name_is_not_opened(home: Path) -> None:
    (home / "late").mkdir()
    (home / "late/p.pem").write_text("x\n")
    (home / "project/name").hardlink_to(home / "late/p.pem")
    _, later = start(home, deny=("**/*.pem",))
    with pytest.raises(PolicyError, match=r"project/name is open already"):
        later.open([grant(home / "late")])


@pytest.mark.parametrize("refused", ["**/conf/*.key", "**/*.pem"])
def test_a_link_that_is_opened_later_leads_to_what_was_opened_before(
    home: Path, refused: str
) -> None:
    """Also where the link that is refused was opened before, and not what it leads to."""
    led, links = home / "led/shared/a.key", home / "links"
    for path in (led, home / "led/shared/plain"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x\n")
    links.mkdir()
    (links / "conf").symlink_to("../led/shared")
    (links / "x.pem").symlink_to("../led/shared/a.key")
    (home / "led/name").hardlink_to(led)
    for order in itertools.permutations((links, home / "led")):
        decisions, later = start(home, deny=(refused,))
        for number, path in enumerate(order):
            origin = Origin(OriginKind.ANSWER, str(number))
            later.open([replace(grant(path), origin=origin)])
        assert decisions.allows(Open(NOBODY, str(home / "led/shared/plain"), Access.READ))
        for path in (led, home / "led/name"):
            assert not decisions.allows(Open(NOBODY, str(path), Access.READ)), (order, path)
    for beyond in (links, home):
        _, later = start(home, deny=(refused,), read=(str(home / "led"),))
        with pytest.raises(PolicyError, match=r"is open already, and .* by another name"):
            later.open([grant(beyond)])


def test_what_got_a_refused_name_since_the_start_keeps_nobody_from_opening_more(
    home: Path,
) -> None:
    (home / "data" / "rc").unlink()
    decisions, later = start(home, deny=("**/*.pem",), read=(str(home / "data"),))
    (home / "data/plain").write_text("x\n")
    (home / "data/later.pem").symlink_to("plain")
    for path in (home / "other", home):
        later.open([grant(path)])
    assert decisions.allows(writes(home / "other" / "a.txt"))
    assert not decisions.allows(Open(NOBODY, str(home / "data/later.pem"), Access.READ))


def test_a_file_given_by_its_other_name_stays_refused(home: Path) -> None:
    decisions, later = start(home)
    later.open([Rule(File(str(home / "data" / "rc")), RW, Effect.ALLOW, ANSWER)])
    assert not decisions.allows(writes(home / "data" / "rc"))
    given, _ = start(home, write_file=(str(home / "data" / "rc"),))
    assert not given.allows(writes(home / "data" / "rc"))


def test_what_a_wide_grant_leaves_refused(home: Path) -> None:
    """And no refusal speaks of what the floor covers: the project stays as it was."""
    decisions, later = start(home)
    later.open([grant(home)])
    assert decisions.allows(writes(home / "plain"))
    for name in (".config/systemd/user/x.service", ".config/autostart/x.desktop", *STARTING):
        assert not decisions.allows(writes(home / name)), name
    for rule in decisions.floor.rules:
        for access in rule.access:
            assert decisions.allows(Open(NOBODY, rule.path, access)), rule


def test_what_cannot_be_held_is_not_opened(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decisions, later = start(home)
    before = decisions.policy

    def fails(*_: object) -> None:
        raise OSError

    monkeypatch.setattr("nono.supervisor.decisions.opened_later.OtherNames", fails)
    with pytest.raises(OSError):
        later.open([grant(home / "other")])
    assert decisions.policy is before


def test_nobody_is_asked_about_a_change_of_what_starts_by_itself(home: Path) -> None:
    decisions, later = start(home)
    starting = (".gitconfig", ".local/bin/ls", ".vimrc", "other/.git/hooks/pre-push", "data/rc")
    for name in (*STARTING, *starting):
        assert later.protections([[writes(home / name)]]) != [None], name
    for name in ("other/.git", "other"):
        away = PathChange(NOBODY, Operation.RENAME_FROM, str(home / name))
        assert later.protections([[away]]) != [None], name
    empty = PathChange(NOBODY, Operation.RMDIR, str(home / "data" / "empty"))
    (home / "data" / "empty").mkdir()
    assert later.protections([[empty]]) == [None]
    plain = [writes(home / name) for name in ("other/a.txt", "other/new", "data/new", "x/y")]
    config = Open(NOBODY, str(home / "other/.git/config"), Access.READ)
    assert later.protections([plain, [config]]) == [None, None]
    file = Rule(File(str(home / "other" / "a.txt")), RW, Effect.ALLOW, ANSWER)
    later.open([file])
    assert isinstance(decisions.verdict(writes(home / "other" / "a.txt"))[1], Allow)


def test_a_grant_to_a_sandbox_that_runs_is_held_as_well(home: Path) -> None:
    decisions, later = start(home)
    asking = Asking(decisions, Dispatch([], Faults()), _nowhere, later=lambda: later)
    live = Live(asking, str(home / "project"))
    before = decisions.policy

    def give(path: Path) -> str:
        work = live.grant_sections({"filesystem": {"allow": [str(path)]}}, "somebody")
        return str(work.finish(work.perform())["number"])

    def is_held() -> bool:
        return not any(decisions.allows(writes(home / name)) for name in STARTING)

    first = give(home / "other")
    assert decisions.allows(writes(home / "other" / "a.txt")) and is_held()
    second = give(home / "other" / ".git")
    assert decisions.allows(writes(home / "other" / ".git" / "x")) and is_held()
    live.revoke(first)
    # What the other grant needs stays, whoever brought it.
    assert not decisions.allows(writes(home / "other" / "a.txt"))
    assert decisions.allows(writes(home / "other" / ".git" / "x")) and is_held()
    live.revoke(second)
    assert decisions.policy == before and not decisions.refuses_names_in(str(home / "other"))


@pytest.mark.long
def test_the_policy_is_as_before_in_whatever_order_grants_are_taken_back(home: Path) -> None:
    grants = [home / "other", home, home / "data"]
    for order in itertools.permutations(range(3)):
        decisions, later = start(home)
        before = decisions.policy
        origins = [Origin(OriginKind.ANSWER, str(each)) for each in range(3)]
        for path, origin in zip(grants, origins, strict=True):
            later.open([replace(grant(path), origin=origin)])
        for each in order:
            decisions.retract(origins[each])
            held = [writes(home / name) for name in (*STARTING, "data/rc")]
            assert not any(map(decisions.allows, held)), (order, each)
        assert decisions.policy == before


def _nowhere() -> Place:
    return Place(Surroundings("/", None), QuickLook())


def test_where_other_names_cannot_be_found_nothing_is_opened(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(other_links, "_MAX_ENTRIES", 0)
    (home / "data" / "1").write_text("")
    decisions, later = start(home)
    with pytest.raises(PolicyError, match="too many names to find"):
        later.open([grant(home / "data")])
    assert not decisions.allows(writes(home / "data" / "1"))
    linked = home / "data" / "several"
    os.link(home / "data" / "1", linked)
    (found,) = later.protections([[writes(linked)]])
    assert found is not None


def test_a_grant_of_what_is_refused_to_no_file_with_other_names(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too many names are in the way only of what some name among them would be refused."""
    monkeypatch.setattr(other_links, "_MAX_ENTRIES", 0)
    (home / "data" / "rc").unlink()
    (home / "written").touch()
    os.link(home / "written", home / "data" / "1")
    decisions, later = start(home, deny_write=(str(home / "written"),))
    asking = Asking(decisions, Dispatch([], Faults()), _nowhere, later=lambda: later)
    work = Live(asking, "/").grant_sections({"filesystem": {"write": [str(home / "data")]}})
    with pytest.raises(PolicyError, match=r"too many names to find .*/written"):
        work.perform()
    later.open([grant(home / "data", Access.READ)])
    assert decisions.allows(Open(NOBODY, str(home / "data" / "1"), Access.READ))


def leave_behind(home: Path) -> None:
    """As a program that may write in both directories."""
    (home / "other" / "Makefile").write_text("better")
    (home / "other" / ".git" / "rebase-merge").mkdir()
    (home / "other" / "sub").mkdir()
    (home / "other" / "sub" / ".git").write_text("gitdir: ../.git/modules/x")
    for place in ("data/w1/.git", "data"):
        (home / place / "objects").mkdir(parents=True)
        (home / place / "HEAD").write_text("ref: refs/heads/m\n")
        (home / place / "config").write_text("[core]\n\tfsmonitor = x\n")


def test_what_is_left_there_is_told_of_as_after_a_start_with_it(home: Path) -> None:
    """Nor is a repository new that only an earlier run has seen."""
    (home / "other" / "Makefile").write_text("before")
    told = {}
    for at_start in (True, False):
        copy = home.parent / f"at-start-{at_start}"
        shutil.copytree(home, copy)
        places = [str(copy / name) for name in ("other", "data")]
        deep = copy / "data/1/2/3/4/5/6/7/8/9"
        (deep / ".git" / "refs").mkdir(parents=True)
        (deep / ".git" / "HEAD").write_text("ref: refs/heads/m\n")
        (deep / ".git" / "config").write_text("[core]\n\tfsmonitor = x\n")
        remember(places[1], [str(deep)], os.environ)
        plan = make_plan(Options(allow_cwd=True, ask="watch", allow=places if at_start else []))
        before = RunByPeople(plan.policy.rules, plan.repositories, plan.kept, os.environ)
        decisions = complete(plan).decisions()
        decisions.opening = before.open
        for place in () if at_start else places:
            OpenedLater(plan, decisions, os.environ).open([grant(Path(place))])
        leave_behind(copy)
        told[at_start] = [each.removeprefix(f"{copy}/") for each in before.changed()]
        assert {*remembered([places[1]], os.environ)} >= {f"{copy}/data/w1", f"{copy}/data"}
    names = ("data/config", "data/w1/.git/config", "other/.git/rebase-merge", "other/sub/.git")
    assert told[False] == told[True] == [*names, "other/Makefile"]


def test_who_looks_is_told_before_it_is_open(home: Path) -> None:
    decisions, later = start(home)
    told: list[bool] = []
    decisions.opening = lambda *_: told.append(decisions.allows(writes(home / "other/a.txt")))
    later.open([grant(home / "other")])
    assert told == [False] and decisions.allows(writes(home / "other/a.txt"))
