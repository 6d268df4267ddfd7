"""Whose home is protected: everybody's that a grant reaches."""

import time
from pathlib import Path

import pytest

from nono.broker import Access, Allow, Open, Operation, PathChange
from nono.broker.requests import RecordedProcess
from nono.supervisor import Options, Plan, make_plan
from nono.supervisor.planning.paths import other_homes

ME = RecordedProcess(1)


@pytest.fixture
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`homes/one` and `homes/two`, known by passwd(5) and by their directory."""
    for name in ("one", "two", "three"):
        (tmp_path / "homes" / name / ".ssh").mkdir(parents=True)
        (tmp_path / "homes" / name / "project").mkdir()
    passwd = tmp_path / "passwd"
    passwd.write_text(f"two:x:1:1::{tmp_path}/homes/two:/bin/sh\nbad\nx:x:2:2::/:/bin/sh\n")
    monkeypatch.setattr(other_homes, "_PASSWD", str(passwd))
    monkeypatch.setattr(other_homes, "_PARENTS", (str(tmp_path / "homes"),))
    return tmp_path / "homes"


def plan(homes: Path, **options: object) -> Plan:
    chosen = Options(workdir=str(homes / "two" / "project"), **options)  # type: ignore[arg-type]
    return make_plan(chosen, [], {"HOME": str(homes / "one"), "PATH": "/usr/bin"})


def readable(made: Plan, path: Path) -> bool:
    return isinstance(made.policy.decide(Open(ME, str(path), Access.READ)), Allow)


@pytest.mark.parametrize("grant", ["/", "{homes}", "{homes}/two"])
def test_a_grant_above_or_at_a_home_leaves_its_secrets_out(homes: Path, grant: str) -> None:
    made = plan(homes, read=[grant.format(homes=homes)])
    assert readable(made, homes / "two" / "notes")
    assert not readable(made, homes / "two" / ".ssh" / "id")


@pytest.mark.parametrize("own", ["/", "{homes}", "{homes}/two"])
def test_a_home_may_hold_those_of_others(
    homes: Path, own: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That of an account without a line in passwd(5) is `/` in many containers."""
    inner = homes / "two/inner"
    (inner / ".ssh").mkdir(parents=True)
    monkeypatch.setattr(other_homes, "platform", lambda: "linux")
    passwd = homes.parent / "passwd"
    passwd.write_text(f"{passwd.read_text()}in:x:3:3::{inner}:/bin/sh\n")
    home = own.format(homes=homes)
    env = {"HOME": home, "PATH": "/usr/bin"}
    made = make_plan(Options(workdir=str(inner), allow=[str(inner)]), [], env)
    assert readable(made, inner / "notes")
    assert not readable(made, inner / ".ssh/id")
    assert not readable(made, inner / ".local/state/nono/starts/000")


def test_the_way_to_its_secrets_stays(homes: Path) -> None:
    """With another link on it the next run would find them elsewhere, and these open."""
    two = homes / "two"
    for name in ("keys", "up"):
        (two / name).mkdir()
    (two / ".ssh").rmdir()
    (two / ".ssh").symlink_to("between")
    (two / "between").symlink_to("up/../keys")
    made = plan(homes, allow=[str(two)])
    assert not readable(made, two / "keys/id") and readable(made, two / "up")
    for name in (".ssh", "between", "up", "keys"):
        change = PathChange(ME, Operation.RENAME_FROM, str(two / name), directory=True)
        assert not isinstance(made.policy.decide(change), Allow), name
    assert isinstance(made.policy.decide(Open(ME, str(two / "up/x"), Access.WRITE)), Allow)


def test_what_is_not_there_may_not_come_to_be(homes: Path) -> None:
    made = plan(homes, allow=[str(homes / "two")])
    new = PathChange(ME, Operation.CREATE, str(homes / "two" / ".gnupg"))
    assert not isinstance(made.policy.decide(new), Allow)


def test_what_nono_has_there_is_left_alone(homes: Path) -> None:
    """What a later run of theirs goes by, though this one is somebody else's."""
    two = homes / "two"
    (two / ".local").symlink_to("elsewhere")
    made = plan(homes, allow=[str(homes)], bypass_protection=[str(two)])
    for name in (".local/state/nono/starts/000", ".config/nono/profiles/p.json"):
        for path in (two / name, Path(str(two / name).replace(".local", "elsewhere"))):
            assert not isinstance(made.policy.decide(Open(ME, str(path), Access.WRITE)), Allow)
    assert not readable(made, two / ".local/state/nono/starts/000")
    move = PathChange(ME, Operation.RENAME_FROM, str(two / ".local"))
    assert not isinstance(made.policy.decide(move), Allow)


def test_an_excluded_group_protects_nobody(homes: Path) -> None:
    made = plan(homes, read=[str(homes)], bypass_protection=[str(homes / "two" / ".ssh")])
    assert readable(made, homes / "two" / ".ssh" / "id")
    assert not readable(made, homes / "three" / ".ssh" / "id")


def test_a_plain_run_looks_at_no_home(homes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(other_homes, "_homes", lambda _: pytest.fail("looked"))
    plan(homes)
    plan(homes, allow=[str(homes / "one" / "project")])


@pytest.mark.long
def test_five_hundred_homes(homes: Path) -> None:
    for n in range(500):
        (homes / f"user{n}" / ".ssh").mkdir(parents=True)
    started = time.process_time()
    made = plan(homes, read=[str(homes)])
    assert time.process_time() - started < 5
    assert not readable(made, homes / "user499" / ".ssh" / "id")
