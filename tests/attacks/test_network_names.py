"""Names that are not allowed, or lead where no name may: nobody hears of them."""

import contextlib

import pytest

from tests.attacks.conftest import Attack
from tests.attacks.network import denials, witnesses
from tests.attacks.scene import Scene
from tests.supervisor.network.world import Listener, World

pytestmark = pytest.mark.requires(landlock=2)

LEADING = {
    "metadata": ["169.254.169.254"],
    "loopback": ["127.0.0.1"],
    "mapped": ["::ffff:10.0.0.1"],
    "private": ["10.0.0.1"],
    "nat64": ["64:ff9b::a9fe:a9fe"],
    "six-to-four": ["2002:7f00:1::"],
    "unspecified": ["0.0.0.0", "::"],
    "provider": ["100.100.100.200"],
    "both": ["127.0.0.1", "::1"],
}


def test_nothing_is_told(outside: Scene, attack: Attack) -> None:
    """With a listener on every port that somebody could be led to."""
    with World() as world, contextlib.ExitStack() as stack:
        allowed = Listener(world.address(), 0, lambda client: client.sendall(b"hello"))
        stack.callback(allowed.close)
        there = stack.enter_context(
            witnesses("127.0.0.1", "::1", world.address(), port=allowed.port)
        )
        for name in ("allowed.example", "xn--bcher-kva.example"):
            world.name(name, allowed.address)
        for name in ("denied.example", "www.allowed.example", "secret.attacker.example"):
            world.name(name, there[2].address)
        for name, addresses in LEADING.items():
            world.name(f"{name}.leads.example", *addresses)
        opened = (
            *(f"allowed.example:{allowed.port}", f"bücher.example:{allowed.port}"),
            *(f"*.leads.example:{allowed.port}", "*.leads.example:443"),
            f"{allowed.address}:{allowed.port}",
        )
        options = (
            *(*outside.options, *world.flags()),
            *(f"--allow-domain={each}" for each in opened),
        )
        words = (allowed.port, world.dns.port)
        outcome = attack(outside, "network_names", *words, options=options)
        same = [name for name in outcome.attempts if name.startswith("spelled: same")]
        assert outcome.won == same, outcome.text
        assert len(allowed.connections) == len(same) == 9
        assert [each.seen() for each in there] == [[], [], []]
        asked = {name for name, _ in world.dns.queries}
    leading = {f"{name}.leads.example" for name in LEADING}
    assert asked == leading | {"allowed.example", "xn--bcher-kva.example"}
    refused = {name: text for name, text in outcome.attempts.items() if name not in same}
    for title, errors in (
        ("others", {"ECONNREFUSED", "ENOENT"}),
        ("other ports", {"ECONNREFUSED"}),
        ("leading", {"ECONNREFUSED"}),
        ("secrets", {"ENODATA"}),
        ("elsewhere", {"ECONNREFUSED"}),
    ):
        assert {text for name, text in refused.items() if name.startswith(title)} == errors
    reasons = {each["host"]: each["reason"] for each in denials(outcome) if "host" in each}
    for host in leading:
        assert reasons[host].startswith("the name leads to "), reasons
    assert "cloud metadata addresses" in reasons["metadata.leads.example"]
    assert "loopback addresses" in reasons["loopback.leads.example"]
    assert reasons["secret.attacker.example"] == "no rule allows it"
