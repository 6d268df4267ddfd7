"""A unix socket is a name like any other: where a name is refused, none is bound."""

from collections.abc import Callable
from pathlib import Path

from tests.attacks.conftest import Attack, Outcome
from tests.attacks.scene import Scene

NAMES = ("refused", "deep/refused", "any.sock", "deep/any.sock")


def names(scene: Scene) -> list[str]:
    (scene.work / "deep").mkdir(mode=0o777, exist_ok=True)
    (scene.work / "deep").chmod(0o777)
    return [f"{scene.work}/{name}" for name in NAMES]


def test_no_refused_name_is_bound(outside: Scene, attack: Attack, programs: Path) -> None:
    explicit = [word for name in NAMES[:2] for word in ("--deny", outside.work / name)]
    options = ("--read", programs, "--allow", outside.work, "--deny", "**/*.sock", *explicit)
    outcome = attack(outside, "bind_names", *names(outside), options=options)
    assert outcome.won == []
    left = {path.name for path in outside.work.rglob("*")}
    assert left <= {"deep", "refuse~", "any.soc~"}


def test_the_names_are_good_ones(outside: Scene, unconfined: Callable[..., Outcome]) -> None:
    outcome = unconfined(outside, "bind_names", *names(outside))
    assert [name for name in outcome.won if name.endswith(" race")]
    assert len(outcome.won) >= len(NAMES)
