"""Renaming, linking, replacing and deleting what is denied, its parent and its grandparent."""

import pytest

from tests.attacks.conftest import Attack
from tests.attacks.scene import Scene


@pytest.mark.lots(kind="place")
def test_no_name_leads_around_a_denial(scene: Scene, attack: Attack) -> None:
    outcome = attack(scene, "move_names", scene.work, *scene.denied, scene.plain)
    # What is left in the directory is the program's own.
    assert [name for name in outcome.won if not name.startswith("now in")] == []
