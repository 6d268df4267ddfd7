"""Processes outside the sandbox, the sandbox's init, and nono: out of reach, for root as well."""

from collections.abc import Callable

import pytest

from tests.attacks.conftest import Attack
from tests.attacks.scene import Scene


@pytest.mark.requires(landlock=2)
def test_other_processes_are_out_of_reach(
    outside: Scene, attack: Attack, partner: Callable[..., None]
) -> None:
    partner(outside)
    # A name that nono does not pass on: the secret is in nono's own environment then.
    outcome = attack(
        outside, "other_processes", outside.work, env={"SERVICE_API_KEY": outside.secrets[1]}
    )
    assert outcome.won == []
    assert outcome.attempts["standing"] == "kept"
