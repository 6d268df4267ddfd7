"""Set-user-ID, set-group-ID and file capabilities: nothing that a run leaves behind has one."""

import stat
from pathlib import Path

import pytest

from tests.attacks.conftest import Attack
from tests.attacks.scene import Scene
from tests.conftest import Account, Nono


@pytest.mark.parametrize("broker", [True, False], ids=["broker", "floor"])
def test_no_file_becomes_set_id(
    outside: Scene, as_user: Account, attack: Attack, broker: bool
) -> None:
    readable = as_user.file(outside.base / "readable" / "set-id", mode=0o755)
    before = as_user.file(outside.work / "before", mode=0o755)
    for path in (readable, before):
        path.chmod(0o4755)
    options = outside.options if broker else ("--floor-only", *outside.options)
    name = "set_id" if broker else "set_id_floor"
    outcome = attack(outside, name, outside.work, readable, options=options)
    assert outcome.won == []
    assert len(outcome.attempts) > (80 if broker else 30)
    if broker:
        assert outcome.attempts["written"] == "False"
        assert outcome.attempts["directory"] == "0o42755"
        assert "--bypass-protection" in outcome.text
    found = [path for path in outside.work.rglob("*") if path.is_file() and has_bits(path)]
    assert found == [] if broker else [before]


def has_bits(path: Path) -> bool:
    return bool(path.stat().st_mode & (stat.S_ISUID | stat.S_ISGID))


def test_it_is_lifted_where_a_person_says_so(nono: Nono, project: Path) -> None:
    command = ("sh", "-c", "mkdir build; touch build/x x; chmod 4755 build/x; chmod 4755 x")
    flags = ("--allow-cwd", "--bypass-protection", project / "build")
    done = nono("run", *flags, "--", *command, cwd=project)
    assert has_bits(project / "build" / "x")
    assert not has_bits(project / "x")
    assert "set-user-ID" in done.stderr
