"""The addresses that hand out a machine's own credentials, in every form they have."""

from __future__ import annotations

import errno
import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nono.broker import (
    METADATA_BLOCKS,
    Access,
    AddressBlock,
    Allow,
    Anything,
    Bind,
    Connect,
    ConnectHost,
    Deny,
    Effect,
    HostName,
    LocalPort,
    Mode,
    Network,
    NetworkRequest,
    Pattern,
    PolicyError,
    PublicPort,
    Rule,
    ServerName,
    Socket,
    Subtree,
)
from tests.broker.worlds import CALLER, FLAG

NETWORK = Network()
v4_blocks = [ipaddress.IPv4Network(block) for block in METADATA_BLOCKS if ":" not in block]


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.0.1",
        "100.100.100.200",
        "168.63.129.16",
        "fe80::1",
        "fe80::1%eth0",
        "febf::1",
        "fd00:ec2::254",
        "::ffff:169.254.169.254",
        "::ffff:a9fe:a9fe",
        "::169.254.169.254",
        "::ffff:0:169.254.169.254",
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "::ffff:168.63.129.16",
    ],
)
def test_refused(address: str) -> None:
    verdict = NETWORK.decide(Connect(CALLER, address, 80))
    assert isinstance(verdict, Deny) and verdict.errno == errno.ECONNREFUSED
    assert isinstance(verdict.rule.pattern, AddressBlock)
    assert str(verdict.rule.origin) == "built-in rule cloud metadata addresses"
    assert len(NETWORK.considered(Connect(CALLER, address, 80))) == 2


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "::1", "::", "8.8.8.8", "10.0.0.1", "100.100.100.201", "2001:db8::1", "fd00::1"],
)
def test_allowed(address: str) -> None:
    assert isinstance(NETWORK.decide(Connect(CALLER, address, 443)), Allow)
    assert isinstance(NETWORK.decide(Bind(CALLER, address, 443)), Allow)


@pytest.mark.parametrize("address", ["", "localhost", "1.2.3", "0x7f.1", "127.0.0.1 ", "\0", "%"])
def test_what_is_no_address_is_refused(address: str) -> None:
    verdict = NETWORK.decide(Connect(CALLER, address, 80))
    assert isinstance(verdict, Deny) and verdict.errno == errno.ECONNREFUSED
    bound = NETWORK.decide(Bind(CALLER, address, 80))
    assert isinstance(bound, Deny) and bound.errno == errno.EACCES


@given(st.ip_addresses(v=4))
def test_every_embedding_is_refused_when_its_address_is(address: ipaddress.IPv4Address) -> None:
    refused = any(address in block for block in v4_blocks)
    for prefix in ("::ffff:", "64:ff9b::", "::ffff:0:"):
        verdict = NETWORK.decide(Connect(CALLER, f"{prefix}{address}", 1))
        assert isinstance(verdict, Deny) == refused


@given(st.sampled_from(v4_blocks).flatmap(lambda block: st.ip_addresses(network=str(block))))
def test_the_whole_of_each_block_is_refused(address: ipaddress.IPv4Address) -> None:
    for text in (str(address), f"::ffff:{address}"):
        assert isinstance(NETWORK.decide(Connect(CALLER, text, 1)), Deny)


def rule(pattern: Pattern, effect: Effect = Effect.ALLOW) -> Rule:
    return Rule(pattern, Access.CONNECT, effect, FLAG)


@pytest.mark.parametrize(
    "parts",
    [
        {"refusals": (rule(Anything(), Effect.DENY),)},
        {"refusals": (rule(AddressBlock("10.0.0.0/8")),)},
        {"refusals": (rule(AddressBlock("10.0.0.0/8", (80,)), Effect.DENY),)},
        {"rules": (rule(Subtree("/x")),)},
        {"rules": (rule(Anything()),)},
        {"rules": (rule(Anything(), Effect.DENY),)},
        {"listen": (rule(LocalPort(80), Effect.ASK),)},
        {"listen": (rule(PublicPort(80)),)},
        {"listen": (rule(LocalPort(80), Effect.DENY),)},
        {"unchecked": (rule(AddressBlock("10.0.0.0/8")),)},
        {"unchecked": (rule(HostName("x.org"), Effect.DENY),)},
        {"rest": rule(Anything(), Effect.DENY)},
    ],
)
def test_a_part_in_the_wrong_place_is_refused(parts: dict[str, Any]) -> None:
    with pytest.raises(PolicyError):
        Network(Mode.FILTERED, **parts)


@pytest.mark.parametrize("mode", [Mode.UNRESTRICTED, Mode.BLOCKED])
def test_only_a_filtered_network_is_opened_by_rules(mode: Mode) -> None:
    with pytest.raises(PolicyError):
        Network(mode, rules=(rule(HostName("x.org")),))


@pytest.mark.parametrize(
    "block",
    [
        "169.254.169.254",
        "169.254.0.0/16",
        "169.254.169.0/24",
        "100.100.100.200",
        "168.63.129.16/32",
        "fe80::/10",
        "fe80::1",
        "fd00:ec2::254",
        "::ffff:169.254.169.254",
        "::169.254.169.0/120",
        "64:ff9b::169.254.169.254",
        "2002:a9fe:a9fe::/48",
    ],
)
def test_the_metadata_addresses_cannot_be_opened(block: str) -> None:
    with pytest.raises(PolicyError) as caught:
        Network(Mode.FILTERED, rules=(rule(AddressBlock(block)),))
    assert "cloud metadata addresses" in caught.value.message


@pytest.mark.parametrize("block", ["169.0.0.0/8", "0.0.0.0/0", "100.64.0.0/10", "fd00::/8", "::/0"])
def test_a_wider_block_leaves_them_closed(block: str) -> None:
    network = Network(Mode.FILTERED, rules=(rule(AddressBlock(block)),))
    for address in ("169.254.169.254", "100.100.100.200", "fd00:ec2::254"):
        assert isinstance(network.decide(Connect(CALLER, address, 80)), Deny)


REQUESTS = (
    Connect(CALLER, "9.9.9.9", 443),
    Connect(CALLER, "127.0.0.1", 80, own=True),
    Connect(CALLER, "9.9.9.9", 443, host="x.org"),
    Connect(CALLER, "169.254.169.254", 80),
    Connect(CALLER, "no address", 80),
    ConnectHost(CALLER, "x.org", 443),
    ConnectHost(CALLER, "", 443),
    ConnectHost(CALLER, "127.0.0.1", 80),
    ServerName(CALLER, "x.org", 443, "x.org"),
    Bind(CALLER, "127.0.0.1", 8000),
    Bind(CALLER, "::", 0),
    Socket(CALLER, "IPv4"),
)


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_blocked_network_refuses_everything(request_: NetworkRequest) -> None:
    nobody = Network(Mode.BLOCKED)
    assert str(nobody.decide(request_).rule.origin) == "built-in rule blocked network"
    flag = rule(Anything(), Effect.DENY)
    verdict = Network(Mode.BLOCKED, rules=(flag,)).decide(request_)
    assert isinstance(verdict, Deny) and verdict.rule is flag
    numbers = {Bind: errno.EACCES, Socket: errno.EAFNOSUPPORT}
    assert verdict.errno == numbers.get(type(request_), errno.ECONNREFUSED)


def test_an_unrestricted_network_opens_every_name() -> None:
    for request in (
        ConnectHost(CALLER, "x.org", 1),
        Connect(CALLER, "10.0.0.1", 1, host="x.org"),
        ServerName(CALLER, "x.org", 443, None),
        Socket(CALLER, "IPv6"),
    ):
        assert isinstance(NETWORK.decide(request), Allow)
    assert isinstance(NETWORK.decide(ConnectHost(CALLER, "169.254.169.254", 80)), Deny)
    assert not NETWORK.checks_name("x.org", 443)


def test_a_denial_holds_in_an_unrestricted_network() -> None:
    network = Network(rules=(rule(HostName("x.org"), Effect.DENY),))
    assert isinstance(network.decide(ConnectHost(CALLER, "X.org.", 443)), Deny)
    assert isinstance(network.decide(ConnectHost(CALLER, "y.org", 443)), Allow)
    assert isinstance(network.decide(Connect(CALLER, "9.9.9.9", 443, "x.org")), Deny)
