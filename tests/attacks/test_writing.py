"""Writing to what may only be read and to what is denied: every call, every spelling."""

from collections.abc import Callable

from tests.attacks.conftest import Attack, Outcome
from tests.attacks.scene import Scene


def test_no_content_changes(scene: Scene, attack: Attack) -> None:
    targets = (scene.file, scene.inner, scene.plain)
    outcome = attack(scene, "change_content", scene.work, *targets)
    assert outcome.won == []


def test_most_writings_are_good_ones(outside: Scene, unconfined: Callable[..., Outcome]) -> None:
    targets = (outside.file, outside.inner, outside.plain)
    outcome = unconfined(outside, "change_content", outside.work, *targets)
    assert len(outcome.won) > 500
