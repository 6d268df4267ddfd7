"""A listener that the policy does not name sees nothing, whatever is tried to reach it."""

import ast
import socket
from collections.abc import Callable

import pytest

from tests.attacks.conftest import Attack, Outcome
from tests.attacks.network import denials, witnesses
from tests.attacks.scene import Scene
from tests.supervisor.network.world import World

pytestmark = pytest.mark.requires(landlock=2)

FILTERED = ("--allow-domain", "allowed.example", "--allow-domain", "192.0.2.0/24:443")
PF_UNIX = 1
PROTOCOLS = {
    (socket.AF_UNIX, socket.SOCK_STREAM, 0),
    (socket.AF_UNIX, socket.SOCK_SEQPACKET, 0),
    (socket.AF_UNIX, socket.SOCK_DGRAM, 0),  # made by nono, to send nothing
    (socket.AF_UNIX, socket.SOCK_STREAM, PF_UNIX),
    (socket.AF_UNIX, socket.SOCK_DGRAM, PF_UNIX),
    (socket.AF_UNIX, socket.SOCK_SEQPACKET, PF_UNIX),
    (socket.AF_NETLINK, socket.SOCK_RAW, 0),
    (socket.AF_NETLINK, socket.SOCK_DGRAM, 0),
}
UDP = {
    (family, socket.SOCK_DGRAM, protocol)
    for family in (socket.AF_INET, socket.AF_INET6)
    for protocol in (0, socket.IPPROTO_UDP)
}
TCP = {
    (family, socket.SOCK_STREAM, protocol)
    for family in (socket.AF_INET, socket.AF_INET6)
    for protocol in (0, socket.IPPROTO_TCP)
}
REFUSALS = {
    *("ECONNREFUSED", "EINVAL", "EAFNOSUPPORT", "EPROTONOSUPPORT", "EPERM", "EPIPE", "ENOTCONN"),
    "ENOTSUP",  # a pair of IP sockets, which the kernel has none of
    *("EADDRNOTAVAIL", "ENETUNREACH", "EFAULT"),
}


@pytest.mark.parametrize("options", [FILTERED, ("--block-net",)], ids=["filtered", "blocked"])
def test_nothing_is_seen(options: tuple[str, ...], outside: Scene, attack: Attack) -> None:
    with World() as world, witnesses(world.address(), "127.0.0.1", "::1") as there:
        target = (there[0].address, there[0].port)
        given = (*outside.options, *options)
        outcome = attack(outside, "network_reach", *target, "everything", options=given)
        # A datagram is sent all right, where nobody is: what counts is what the witnesses saw.
        assert [name for name in outcome.won if not name.startswith("datagrams:")] == []
        assert "--block-net" not in options or outcome.won == []
        assert [each.seen() for each in there] == [[], [], []]
    sockets = set(ast.literal_eval(outcome.attempts.pop("sockets")))
    blocked = "--block-net" in options
    assert sockets == (PROTOCOLS if blocked else PROTOCOLS | TCP | UDP)
    refusals = {text for name, text in outcome.attempts.items() if name not in outcome.won}
    assert refusals <= REFUSALS, outcome.text
    if not blocked:
        refused = {(each.get("address"), str(each.get("port"))) for each in denials(outcome)}
        assert {target, ("127.0.0.1", target[1]), ("::1", target[1])} <= {
            (address, int(port)) for address, port in refused if address
        }


def test_without_nono_it_is_reached(outside: Scene, unconfined: Callable[..., Outcome]) -> None:
    """The attempts are real ones: the kernel itself lets these through."""
    with World() as world, witnesses(world.address(), "127.0.0.1", "::1") as there:
        outcome = unconfined(outside, "network_reach", there[0].address, there[0].port)
        assert all(each.seen() for each in there)
    won = {name.partition(",")[0] for name in outcome.won}
    for attempt in (
        *("literal: IPv4", "literal: mapped", "literal: IPv4, 17 bytes", "literal: again"),
        *("local: 0.0.0.0", "local: ::", "beside_ours: beside ours", "received: by sent"),
        *("fast_open: sendto 0", "fast_open: sendmsg 0", "fast_open: sendmmsg 0"),
        *("datagrams: datagram 0 2 2 sendto", "datagrams: datagram 0 2 10 sendmsg"),
    ):
        assert attempt.partition(",")[0] in won, outcome.text
