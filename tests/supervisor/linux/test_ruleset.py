"""The kernel's rules go on what was meant, whatever others do to the names meanwhile."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nono.broker import Access, Floor
from nono.broker.floor.floor import FloorRule
from nono.shims.linux import landlock
from nono.supervisor.linux import ruleset

STARTS = 200


@pytest.fixture
def added(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of the objects that rules were put on."""
    found: list[str] = []

    def note(_: int, handle: int, rights: landlock.FS) -> None:
        assert rights
        found.append(os.readlink(f"/proc/self/fd/{handle}"))

    monkeypatch.setattr(landlock, "add_path_rule", note)
    return found


def build(*rules: FloorRule) -> None:
    os.close(ruleset.build(Floor(rules), landlock.abi_version()))


@pytest.mark.requires(landlock=1)
def test_a_rule_goes_on_what_is_at_its_path(tmp_path: Path, added: list[str]) -> None:
    (tmp_path / "file").touch()
    build(
        FloorRule(str(tmp_path), Access.READ, True),
        FloorRule(str(tmp_path / "file"), Access.READ, False),
    )
    assert added == [str(tmp_path), str(tmp_path / "file")]


@pytest.mark.requires(landlock=1)
def test_no_rule_goes_on_what_took_its_place(tmp_path: Path, added: list[str]) -> None:
    (tmp_path / "secret" / "deep").mkdir(parents=True)
    (tmp_path / "secret" / "key").touch()
    (tmp_path / "last").symlink_to("secret")
    (tmp_path / "key").symlink_to("secret/key")
    build(
        FloorRule(str(tmp_path / "last"), Access.READ, True),
        FloorRule(str(tmp_path / "last" / "deep"), Access.READ, True),
        FloorRule(str(tmp_path / "key"), Access.READ, False),
        FloorRule(str(tmp_path / "secret"), Access.READ, False),
        FloorRule(str(tmp_path / "secret" / "key"), Access.READ, True),
        FloorRule(f"{tmp_path}/last/../secret", Access.READ, True),
        FloorRule("/proc/self/root", Access.READ, True),
        FloorRule("/proc/thread-self/cwd", Access.READ, True),
    )
    assert added == []


@pytest.mark.requires(landlock=1)
def test_a_swap_while_the_floor_is_made_opens_nothing(tmp_path: Path) -> None:
    granted, secret = tmp_path / "project", tmp_path / "secret"
    for directory in (granted / "sub", granted / "other", secret):
        directory.mkdir(parents=True)
        (directory / "key").write_text("x")
    (granted / "own").write_text("x")
    program = Path(__file__).parent / "programs" / "swapped.py"
    done = subprocess.run(
        [sys.executable, program, granted, secret, str(STARTS)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    leaked, good = map(int, done.stdout.split())
    assert leaked == 0
    assert good > STARTS / 2
