"""Terminals: typing on our own, opening those of others, and every other device."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.attacks.conftest import command, read
from tests.attacks.scene import Scene
from tests.conftest import Account


@pytest.mark.requires(landlock=2)
def test_terminals_and_devices_of_others_are_out_of_reach(
    outside: Scene, as_user: Account, partner: Callable[..., None], programs: Path
) -> None:
    partner(outside)
    nono = (as_user.python, "-P", "-m", "nono.supervisor", "run", *outside.options, "--")
    attack = command(programs, "terminals", [outside.work])
    done = as_user(
        *command(programs, "on_terminal", [*nono, *attack]),
        cwd=outside.work,
        env={"PYTHONPATH": str(programs)},
    )
    outcome = read(done)
    assert done.returncode == 0, outcome.text
    assert outcome.won == []
    assert outcome.attempts["own"] == "b'works'"
    assert "because of an error in nono itself" not in outcome.text
