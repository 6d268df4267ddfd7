"""A datagram socket lies in a network that belongs to the program's own user, and gives no right.

Run as an ordinary user, nono makes that network in a user namespace, over which the program has
every capability, being the same user: nothing but the filter is between them.
"""

from collections.abc import Callable

import pytest

from tests.attacks.conftest import Attack, Outcome
from tests.attacks.network import witnesses
from tests.attacks.scene import Scene
from tests.conftest import Account

pytestmark = pytest.mark.requires(landlock=2)

DNS = ("127.0.0.59", 53)
"""As a machine's own name server has it."""


def test_nothing_of_its_owner_s(outside: Scene, attack: Attack) -> None:
    options = (*outside.options, "--allow-domain", "allowed.example")
    with witnesses(DNS[0], port=DNS[1]) as there:
        outcome = attack(outside, "datagram_owner", *DNS, options=options)
        assert there[0].seen() == []
    assert outcome.won == [], outcome.text
    assert outcome.attempts.pop("interface") == "True"
    kinds = {"administer", "leave", "enter", "maker"}
    assert {name.partition(":")[0] for name in outcome.attempts} == kinds
    # Among those tried is the one that made the sockets: it is there, and closed.
    assert "EACCES" in {text for name, text in outcome.attempts.items() if name.endswith("pidfd")}
    for name, refusal in outcome.attempts.items():
        if name.startswith(("administer: ", "leave: ")):
            assert refusal == ("ENOPROTOOPT" if " get " in name else "EPERM"), name


def test_the_kernel_would_give_it(
    outside: Scene, as_user: Account, unconfined: Callable[..., Outcome]
) -> None:
    """The attempts are real ones: without the filter each gets past the question of rights."""
    outcome = unconfined(outside, "datagram_owner", *DNS, "own")
    refused = {name for name, text in outcome.attempts.items() if text == "EPERM"}
    assert refused == set(), outcome.text
    assert {name for name in outcome.won if name.startswith("leave: ")} == {
        name for name in outcome.attempts if name.startswith("leave: ")
    }
