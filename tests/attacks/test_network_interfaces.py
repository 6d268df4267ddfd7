"""The machine's network may be read and not changed, also by root."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.attacks.conftest import Attack
from tests.attacks.programs.outside import Outside
from tests.attacks.scene import Scene

pytestmark = pytest.mark.requires(landlock=2)

STATE = ("route", "ipv6_route", "if_inet6", "fib_trie", "arp", "dev_mcast", "igmp")


def state() -> dict[str, str]:
    """Addresses, routes, neighbours and groups, without what counts packets."""
    found = {name: Path("/proc/net", name) for name in STATE}
    lines = {
        name: [line.split() for line in path.read_text().splitlines()]
        for name, path in found.items()
        if path.exists()
    }
    for line in lines["ipv6_route"]:
        del line[6:8]  # references and uses
    return {name: str(words) for name, words in lines.items()}


@pytest.mark.parametrize(
    "options",
    [("--allow-domain", "allowed.example"), ("--block-net",)],
    ids=["filtered", "blocked"],
)
def test_only_reading(
    options: tuple[str, ...], outside: Scene, attack: Attack, partner: Callable[..., None]
) -> None:
    partner(outside, program="network_partner")
    other = Outside(str(outside.work))
    number, before = other.netlink(), state()
    outcome = attack(outside, "network_interfaces", number, options=(*outside.options, *options))
    assert state() == before
    assert other.heard() == []
    reading = [name for name in outcome.attempts if name.startswith("read: ")]
    assert outcome.won == reading
    refused = {text for name, text in outcome.attempts.items() if name not in reading}
    assert refused <= {"EPERM", "EAFNOSUPPORT"}, outcome.text
