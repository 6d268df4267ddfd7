"""Locks and leases on what may only be read, and descriptors that Landlock asks no right for."""

import pytest

from tests.attacks.conftest import Attack
from tests.attacks.scene import Scene


@pytest.mark.parametrize("broker", [True, False], ids=["broker", "floor"])
def test_nothing_is_held_that_may_only_be_read(
    outside: Scene, attack: Attack, broker: bool
) -> None:
    if broker:
        outcome = attack(outside, "holds", outside.work, outside.plain, outside.file)
        assert outcome.attempts["honest"] == "waits has it"
        assert f"by a lock, of {outside.plain}" in outcome.text
    else:
        options = ("--floor-only", *outside.options)
        arguments = (outside.work, outside.plain, outside.file)
        outcome = attack(outside, "holds_floor", *arguments, options=options)
    assert outcome.won == []
    assert len(outcome.attempts) > (40 if broker else 6)
