"""/tmp and its like: what others left there, and the private TMPDIR that is removed at the end."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.attacks.conftest import SHARED, Attack
from tests.attacks.scene import Scene
from tests.conftest import Nono


@pytest.fixture
def options(outside: Scene, programs: Path) -> tuple[str | Path, ...]:
    """Without `--read /`, which reads the shared directories, too."""
    return ("--allow", outside.work, "--read", programs)


def test_what_others_left_is_not_for_the_sandbox(
    outside: Scene,
    options: tuple[str | Path, ...],
    attack: Attack,
    partner: Callable[..., None],
    tag: str,
) -> None:
    partner(outside)
    outcome = attack(outside, "shared_places", outside.work, outside.file, tag, options=options)
    assert outcome.won == []


@pytest.mark.parametrize("shared", SHARED, ids=str)
def test_the_private_tmpdir_stays_where_it_is(
    outside: Scene, options: tuple[str | Path, ...], attack: Attack, tag: str, shared: Path
) -> None:
    mode = shared.stat().st_mode
    env = {"TMPDIR": str(shared)}
    outcome = attack(outside, "replace_tmpdir", outside.base, options=options, env=env)
    assert outcome.won == []
    assert shared.stat().st_mode == mode
    assert not os.path.lexists(outcome.attempts["tmpdir"])


GONE = """
import os, sys
for place in sys.argv[1:]:
    os.mkdir(place)
    os.chdir(place)
    os.rmdir(place)
    for make in (
        lambda: open("x", "w"),
        lambda: os.mkdir("x"),
        lambda: os.symlink("a", "x"),
        lambda: os.mkfifo("x"),
        lambda: os.rename("/dev/null", "x"),
    ):
        try:
            make()
        except OSError as error:
            print(error.errno, end=" ")
"""


def test_nothing_comes_into_a_directory_that_is_gone(nono: Nono, tag: str) -> None:
    """What is missing is said, and no flag is hinted at that would not help."""
    places = [str(place / tag) for place in SHARED]
    done = nono("run", "--allow-cwd", "--", "/usr/bin/python3", "-c", GONE, *places)
    assert done.stdout.split() == ["2"] * 15, done.stdout
    assert done.stderr == ""
