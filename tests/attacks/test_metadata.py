"""Metadata of what may only be read and of what is denied: by path and by descriptor."""

from collections.abc import Callable

from tests.attacks.conftest import Attack, Outcome
from tests.attacks.scene import Scene


def test_no_metadata_changes(scene: Scene, attack: Attack) -> None:
    outcome = attack(scene, "change_metadata", scene.work, *scene.denied, scene.plain)
    assert outcome.won == []


def test_most_changes_are_possible(outside: Scene, unconfined: Callable[..., Outcome]) -> None:
    outcome = unconfined(outside, "change_metadata", outside.work, *outside.denied, outside.plain)
    assert len(outcome.won) > 200
