"""Reading what is denied: every call that opens a file, every spelling of its path."""

from collections.abc import Callable

from tests.attacks.conftest import Attack, Outcome
from tests.attacks.scene import Scene


def test_no_spelling_opens_what_is_denied(scene: Scene, attack: Attack) -> None:
    outcome = attack(scene, "read_spellings", scene.work, *scene.denied)
    assert outcome.won == []


def test_most_spellings_are_good_ones(outside: Scene, unconfined: Callable[..., Outcome]) -> None:
    outcome = unconfined(outside, "read_spellings", outside.work, *outside.denied)
    assert len(outcome.won) > 800
