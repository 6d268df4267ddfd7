"""What a sandbox serves on every address is for this machine, and for no other sandbox on it."""

from collections.abc import Callable

import pytest

from tests.attacks.conftest import Outcome
from tests.attacks.scene import Scene
from tests.conftest import Account

pytestmark = pytest.mark.requires(landlock=2)


def test_a_server_on_every_address(
    outside: Scene, as_user: Account, unconfined: Callable[..., Outcome]
) -> None:
    nono = (as_user.python, "-P", "-m", "nono.supervisor", "run", "-q", *outside.options)
    outcome = unconfined(outside, "between_sandboxes", *nono)
    assert not outcome.attempts["own"].startswith(("0.", "127.")), "no address of its own to try"
    assert outcome.attempts["asked"] == "['0.0.0.0', '::', '0.0.0.0', '0.0.0.0', '::']"
    # Nobody in another sandbox, unless it is opened there; outside as to any server on loopback.
    came = {name: outcome.attempts[f"came {name}"] for name in ("closed", "opened", "outside")}
    assert came == {
        "closed": '["closed", 0]',
        "opened": '["opened", 3]',
        "outside": '["outside", 3]',
    }, outcome.text
    reached = {tuple(name.split()[:2]) for name in outcome.won}
    near = ("127.0.0.1", "0.0.0.0", "::1", "::ffff:127.0.0.1")
    assert reached == {(f"{name}:", host) for name in ("opened", "outside") for host in near}
