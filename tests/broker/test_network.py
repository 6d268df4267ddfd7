"""The addresses that hand out a machine's own credentials, in every form they have."""

from __future__ import annotations

import errno
import ipaddress

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
    Deny,
    Effect,
    Network,
    PolicyError,
    Rule,
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


def test_a_refusal_is_a_deny_rule_on_addresses() -> None:
    for rule in (
        Rule(Anything(), Access.CONNECT, Effect.DENY, FLAG),
        Rule(AddressBlock("10.0.0.0/8"), Access.CONNECT, Effect.ALLOW, FLAG),
    ):
        with pytest.raises(PolicyError):
            Network(refusals=(rule,))
