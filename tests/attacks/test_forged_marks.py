"""The mark by which opens are the kernel's (`shims/linux/marked_opens.py`), forged by a program."""

from pathlib import Path

import pytest

from nono.shims.linux.marked_opens import MARK
from tests.attacks.conftest import Attack
from tests.attacks.scene import build
from tests.conftest import Account

HOSTS = ("--allow-domain", "unknown.example")
"""So that files are others inside."""


@pytest.mark.requires(commands=["gcc"], preload=True)
def test_a_forged_mark_gives_nothing(as_user: Account, project: Path, attack: Attack) -> None:
    """Whatever is opened with it is opened without it, too, and is the same; never more."""
    scene = build(as_user, project / "scene", inside=True)
    targets = (*scene.denied, scene.plain)
    options = (*scene.options, *HOSTS, "--preload")
    outcome = attack(scene, "forge_marks", scene.work, hex(MARK), *targets, options=options)
    assert outcome.won == []
    counts = dict(each.split("=") for each in outcome.attempts["compared"].split("\t"))
    assert all(int(counts[each]) > 20 for each in ("opened", "asked", "refused")), counts
    for target in scene.denied:
        assert "opened" in outcome.attempts[f"race for {target}"], outcome.text
