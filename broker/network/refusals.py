"""Addresses that no name may lead to, and those that nothing opens."""

from __future__ import annotations

from collections.abc import Iterable

from nono.broker.rules.access import Access
from nono.broker.rules.addresses import forms
from nono.broker.rules.host_patterns import AddressBlock
from nono.broker.rules.rule import Effect, Origin, OriginKind, Rule

METADATA_BLOCKS = (
    "169.254.0.0/16",  # link-local, RFC 3927: the metadata service of most clouds
    "fe80::/10",  # link-local, RFC 4291 section 2.5.6
    "fd00:ec2::254/128",  # Amazon EC2 over IPv6
    "100.100.100.200/32",  # Alibaba Cloud
    "168.63.129.16/32",  # Azure's host agent
)
"""Where clouds hand out a machine's own credentials."""

_PRIVATE_BLOCKS = (
    ("127.0.0.0/8", "loopback"),  # RFC 1122 section 3.2.1.3
    ("::1/128", "loopback"),  # RFC 4291 section 2.5.3
    ("0.0.0.0/8", "unspecified"),  # RFC 1122 section 3.2.1.3; connect(2) goes to loopback
    ("::/128", "unspecified"),  # RFC 4291 section 2.5.2
    ("10.0.0.0/8", "private"),  # RFC 1918
    ("172.16.0.0/12", "private"),
    ("192.168.0.0/16", "private"),
    ("fc00::/7", "private"),  # unique local, RFC 4193
    ("fec0::/10", "private"),  # site-local, RFC 3879
    ("100.64.0.0/10", "provider-internal"),  # carrier-grade NAT, RFC 6598
    ("192.0.0.0/24", "provider-internal"),  # IETF protocol assignments, RFC 6890
    ("64:ff9b:1::/48", "provider-internal"),  # local NAT64 of any prefix length, RFC 8215
    ("169.254.0.0/16", "link-local"),  # RFC 3927
    ("fe80::/10", "link-local"),  # RFC 4291 section 2.5.6
    ("224.0.0.0/4", "multicast"),  # RFC 5771
    ("ff00::/8", "multicast"),  # RFC 4291 section 2.7
    ("255.255.255.255/32", "broadcast"),  # RFC 919 section 7
    ("240.0.0.0/4", "reserved"),  # RFC 1112 section 4
)
# 198.18.0.0/15 is reserved as well (RFC 2544). It is left out because some VPN clients answer
# every look-up with an address of that range.


def _refusal(block: str, name: str) -> Rule:
    origin = Origin(OriginKind.BUILTIN, name)
    return Rule(AddressBlock(block, is_ours=True), Access.CONNECT, Effect.DENY, origin)


METADATA_RULES = tuple(_refusal(block, "cloud metadata addresses") for block in METADATA_BLOCKS)
PRIVATE_RULES = tuple(_refusal(block, f"{kind} addresses") for block, kind in _PRIVATE_BLOCKS)
"""Where a name may not lead, and an open port not be, unless a rule names the address."""


def reaching(refusals: Iterable[Rule], address: str) -> tuple[Rule, ...]:
    """The refusals on blocks that hold the address or an IPv4 address that it carries."""
    found = forms(address)
    return tuple(
        rule
        for rule in refusals
        if isinstance(rule.pattern, AddressBlock) and any(map(rule.pattern.contains, found))
    )
