"""A kernel with Landlock ABI 2, as Debian 12's own: what it does not hold, the broker does."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.attacks.conftest import Attack, expect_no_win, together
from tests.attacks.scene import Scene
from tests.conftest import Account
from tests.older_kernel import older_landlock

pytestmark = pytest.mark.requires(landlock=2, commands=["gcc"])

SECONDS = 1


@pytest.fixture
def older(as_user: Account, project: Path, programs: Path) -> dict[str, str]:
    return older_landlock(as_user.directory(project / "startup"), 2, programs)


def test_no_other_process_is_signalled(
    outside: Scene, attack: Attack, partner: Callable[..., None], older: dict[str, str]
) -> None:
    partner(outside)
    outcome = attack(outside, "other_processes", outside.work, env=older)
    assert outcome.won == []
    assert outcome.attempts["standing"] == "kept"


def test_nothing_is_emptied_by_a_race(
    outside: Scene, as_user: Account, attack: Attack, programs: Path, older: dict[str, str]
) -> None:
    paths = as_user.directory(outside.work / "paths")
    as_user.file(paths / "0", "ours")
    (paths / "1").symlink_to(outside.file)
    (paths / "2").symlink_to(outside.plain)
    races = [("race_paths", SECONDS, paths, outside.file, outside.plain)]
    expect_no_win(attack(outside, "races", *together(programs, races), env=older), 1)
