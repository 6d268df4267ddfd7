"""A program that restricted itself with Landlock is not given back by us what it gave up."""

import socket
from pathlib import Path

import pytest

from tests.attacks.conftest import Attack
from tests.attacks.network import denials
from tests.attacks.scene import build
from tests.conftest import Account

pytestmark = pytest.mark.requires(landlock=2)


def test_nothing_is_performed_for_it(as_user: Account, project: Path, attack: Attack) -> None:
    scene = build(as_user, project / "scene", inside=True)
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        port = server.getsockname()[1]
        options = (*scene.options, "--open-port", str(port))
        outcome = attack(scene, "own_landlock", scene.work, port, options=options)
    results = {(name.partition(":")[0], text[:3]) for name, text in outcome.attempts.items()}
    assert {who for who, said in results if said == "WON"} == {"own before", "own after"}
    lost = {who for who, said in results if said != "WON"}
    assert lost == {
        *("itself", "child", "grandchild", "thread", "beside a thread", "executed", "sibling"),
        *("orphan", "orphan's child", "adopted", "adopted below", "child of a reaper"),
    }
    assert len(outcome.attempts) == 13 * 10 + 1, outcome.text
    assert set(outcome.attempts.values()) - {"EACCES", "EPERM"} <= set(
        text for name, text in outcome.attempts.items() if name.startswith("own")
    )
    (denial,) = (each for each in denials(outcome) if each["request"] == "Forbidden")
    assert denial["call"] == "landlock_restrict_self"
