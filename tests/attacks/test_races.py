"""A thread changes the arguments, or what they mean, while the call is decided: never a win."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.attacks.conftest import Attack, expect_no_win, together
from tests.attacks.scene import Scene
from tests.conftest import Account

pytestmark = pytest.mark.requires(commands=["gcc"])

SECONDS = 2.5
"""For each of two accounts."""


@pytest.mark.lots(kind="place")
def test_paths_links_and_descriptors(
    scene: Scene, as_user: Account, programs: Path, attack: Attack
) -> None:
    paths = as_user.directory(scene.work / "paths")
    as_user.file(paths / "0", "ours")
    (paths / "1").symlink_to(scene.file)
    (paths / "2").symlink_to(scene.plain)
    places = [as_user.directory(scene.work / name) for name in ("links", "more", "descriptors")]
    denied, readable = (scene.directory, scene.inner.name), (scene.plain.parent, scene.plain.name)
    races = [
        ("race_paths", SECONDS, paths, scene.file, scene.plain),
        ("race_links", SECONDS, places[0], *denied),
        ("race_links", SECONDS, places[1], *readable),
        ("race_descriptors", SECONDS, places[2], *scene.denied[1:], scene.plain),
    ]
    expect_no_win(attack(scene, "races", *together(programs, races)), 5)


@pytest.mark.parametrize("scene", ["inside"], indirect=True)
def test_names_in_a_carved_directory(
    scene: Scene, as_user: Account, programs: Path, attack: Attack
) -> None:
    races = [("race_links", SECONDS, scene.work, scene.directory, scene.inner.name)]
    expect_no_win(attack(scene, "races", *together(programs, races)), 1)


def test_addresses_and_sockets(
    outside: Scene, partner: Callable[..., None], programs: Path, attack: Attack
) -> None:
    server = outside.plain.parent / "server"
    partner(outside, server)
    closed = outside.plain.parent
    races = [("race_sockets", 2 * SECONDS, outside.work, server, closed)]
    expect_no_win(attack(outside, "races", *together(programs, races)), 4)
