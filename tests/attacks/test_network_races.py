"""A thread changes where a socket goes, or which one it is, while that is decided: never a win."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.attacks.conftest import Attack, expect_no_win, together
from tests.attacks.programs.outside import Outside
from tests.attacks.scene import Scene
from tests.supervisor.network.world import Listener, World

pytestmark = pytest.mark.requires(landlock=2, commands=["gcc"])

SECONDS = 2.5
"""For each of two accounts."""
DENIED, ALLOWED = "127.0.0.1", "127.0.0.9"
ADDRESSES = ("address", "address6", "whole", "either")
STATES = ("bound", "share", "listen", "other")


@pytest.mark.lots(kind="races")
@pytest.mark.parametrize("kinds", [ADDRESSES, STATES], ids=["addresses", "states"])
def test_not_one_win(
    kinds: Sequence[str],
    outside: Scene,
    attack: Attack,
    partner: Callable[..., None],
    programs: Path,
) -> None:
    theirs = outside.plain.parent / "server"
    partner(outside, theirs, program="network_partner")
    port = Outside(str(outside.work)).serve(DENIED, 0, True)
    allowed = Listener(ALLOWED, port)
    with World() as world:
        world.name("reached.example", ALLOWED)
        world.name("refusing.example", world.address())
        targets = (
            *(f"{ALLOWED}:{port}", f"reached.example:{port}"),
            *("refusing.example:443", f"{world.address().rpartition('.')[0]}.0/24:443"),
        )
        granted = ("--write", outside.work, "--read", "/", *world.flags())
        options = [*map(str, granted), *(f"--allow-domain={each}" for each in targets)]
        words = (SECONDS, outside.work, port, theirs, "reached.example", "refusing.example")
        races = [("network_race", race, *words) for race in kinds]
        outcome = attack(outside, "races", *together(programs, races), options=options)
    allowed.close()
    assert allowed.connections
    expect_no_win(outcome, len(kinds))
    assert Outside(str(outside.work)).talked() == []
