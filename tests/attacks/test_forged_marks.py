"""The mark by which opens are the kernel's (`shims/linux/marked_opens.py`), forged by a program."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from nono.shims.linux.marked_opens import MARK
from tests.attacks.conftest import Attack, Outcome
from tests.attacks.scene import Scene

HOSTS = ("--allow-domain", "unknown.example")
"""So that files are others inside."""


def _forge(attack: Attack, scene: Scene, options: Sequence[str | Path]) -> Outcome:
    targets = (*scene.denied, scene.plain)
    return attack(scene, "forge_marks", scene.work, hex(MARK), *targets, options=options)


@pytest.mark.requires(commands=["gcc"])
def test_a_forged_mark_gives_nothing(scene: Scene, attack: Attack) -> None:
    """Whatever is opened with it is opened without it, too, and is the same; never more."""
    outcome = _forge(attack, scene, (*scene.options, *HOSTS))
    assert outcome.won == []
    counts = dict(each.split("=") for each in outcome.attempts["compared"].split("\t"))
    assert all(int(counts[each]) > 20 for each in ("opened", "asked", "refused")), counts
