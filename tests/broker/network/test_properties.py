"""The network's decision: what holds for every name, address and port."""

from __future__ import annotations

import errno
import ipaddress

from hypothesis import given, settings
from hypothesis import strategies as st

from nono.broker import (
    PRIVATE_RULES,
    AddressBlock,
    Allow,
    Connect,
    Deny,
    HostName,
    InvalidHost,
    Mode,
    Network,
    NetworkRequest,
    OriginKind,
    PublicPort,
    canonical_host,
)
from tests.broker.networks import NETWORK, allowed, by_host, rule
from tests.broker.requests import hosts, network_requests, ports
from tests.broker.worlds import CALLER


@settings(max_examples=1000)
@given(network_requests)
def test_every_request_gets_a_verdict(request_: NetworkRequest) -> None:
    for network in (NETWORK, Network(), Network(Mode.BLOCKED)):
        verdict = network.decide(request_)
        assert isinstance(verdict, Allow | Deny)
        considered = network.considered(request_)
        assert considered[:1] == (verdict.rule,) or verdict.rule.origin.kind is OriginKind.DEFAULT
        assert not isinstance(verdict, Deny) or verdict.errno in errno.errorcode
        assert network.mode is not Mode.BLOCKED or isinstance(verdict, Deny)


@settings(max_examples=500)
@given(hosts, ports)
def test_all_spellings_of_a_name_get_the_same_answer(host: str, port: int) -> None:
    try:
        form = canonical_host(host)
    except InvalidHost:
        return
    answers = {by_host(each, port) for each in (host, form, form.upper(), form + ".")}
    assert len(answers) == 1


def embeddings(address: ipaddress.IPv4Address) -> list[str]:
    """Every way to write an IPv4 address as an IPv6 one."""
    number = int(address)
    return [
        str(ipaddress.IPv6Address(prefix | number << shift))
        for prefix, shift in (
            (0xFFFF << 32, 0),
            (0, 0),
            (0xFFFF << 48, 0),
            (0x64FF9B << 96, 0),
            (0x64FF9B0001 << 80, 0),
            (0x2002 << 112, 80),
        )
    ]


def ranges(version: int) -> list[str]:
    found = [each.pattern.text for each in PRIVATE_RULES if isinstance(each.pattern, AddressBlock)]
    return [block for block in found if ipaddress.ip_network(block).version == version]


v4 = st.sampled_from(ranges(4)).flatmap(lambda block: st.ip_addresses(network=block))
v6 = st.sampled_from(ranges(6)).flatmap(lambda block: st.ip_addresses(network=block))
OPEN = Network(Mode.FILTERED, rules=(rule(HostName("open.example", (443,))), rule(PublicPort(22))))


@settings(max_examples=500)
@given(v4)
def test_no_form_of_a_private_address_is_reached(address: ipaddress.IPv4Address) -> None:
    for text in (str(address), *embeddings(address)):
        assert not allowed(Connect(CALLER, text, 443, "open.example"), OPEN)
        assert not allowed(Connect(CALLER, text, 22), OPEN)


@settings(max_examples=300)
@given(v6)
def test_no_private_ipv6_address_is_reached(address: ipaddress.IPv6Address) -> None:
    assert not allowed(Connect(CALLER, str(address), 443, "open.example"), OPEN)
    assert not allowed(Connect(CALLER, str(address), 22), OPEN)


@settings(max_examples=500)
@given(st.ip_addresses(v=4))
def test_a_public_address_is_reached(address: ipaddress.IPv4Address) -> None:
    assigned = address in ipaddress.IPv4Network("192.0.0.0/24")
    if not address.is_global or address.is_multicast or assigned:
        return
    assert allowed(Connect(CALLER, str(address), 443, "open.example"), OPEN) or (
        str(address) == "168.63.129.16"
    )


@settings(max_examples=300)
@given(st.ip_addresses(network="2000::/3"))
def test_a_public_ipv6_address_is_reached(address: ipaddress.IPv6Address) -> None:
    if address not in ipaddress.IPv6Network("2002::/16"):
        assert allowed(Connect(CALLER, str(address), 443, "open.example"), OPEN)


@settings(max_examples=300)
@given(st.ip_addresses(v=4))
def test_what_the_standard_library_calls_private_is_closed(address: ipaddress.IPv4Address) -> None:
    documentation = map(
        ipaddress.IPv4Network,
        ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15"),
    )
    if address.is_global or any(address in block for block in documentation):
        return
    assert not allowed(Connect(CALLER, str(address), 443, "open.example"), OPEN)
