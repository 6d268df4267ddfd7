"""Network rules: what a program may connect to.

In the unrestricted mode everything is open except the addresses at which a cloud
hands out the machine's own credentials. Each further mode is one more entry in
the table of modes.
"""

from __future__ import annotations

import enum
import errno
import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from nono.broker.access import Access
from nono.broker.errors import PolicyError
from nono.broker.requests import Bind, Connect
from nono.broker.rules import AddressBlock, Anything, Effect, Origin, OriginKind, Rule
from nono.broker.verdicts import Allow, Deny, Verdict

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_METADATA_ORIGIN = Origin(OriginKind.BUILTIN, "cloud metadata addresses")
METADATA_BLOCKS = (
    "169.254.0.0/16",  # link-local, RFC 3927: the metadata service of most clouds
    "fe80::/10",  # link-local, RFC 4291 section 2.5.6
    "fd00:ec2::254/128",  # Amazon EC2 over IPv6
    "100.100.100.200/32",  # Alibaba Cloud
    "168.63.129.16/32",  # Azure's host agent
)
METADATA_RULES = tuple(
    Rule(AddressBlock(block), Access.CONNECT, Effect.DENY, _METADATA_ORIGIN)
    for block in METADATA_BLOCKS
)

_EMBEDDINGS = tuple(
    (ipaddress.IPv6Network(block), shift)
    for block, shift in (
        ("::ffff:0:0/96", 0),  # IPv4-mapped, RFC 4291 section 2.5.5.2
        ("::/96", 0),  # IPv4-compatible, RFC 4291 section 2.5.5.1
        ("::ffff:0:0:0/96", 0),  # IPv4-translated, RFC 2765 section 2.1
        ("64:ff9b::/96", 0),  # NAT64, RFC 6052 section 2.1
        ("64:ff9b:1::/48", 0),  # local NAT64, RFC 8215, with the usual /96 suffix
        ("2002::/16", 80),  # 6to4, RFC 3056 section 2
    )
)
"""IPv6 blocks that carry an IPv4 address, and how many bits follow that address."""


class Mode(enum.StrEnum):
    """How much of the network a run may use."""

    UNRESTRICTED = "unrestricted"


_OPEN = {
    Mode.UNRESTRICTED: Rule(
        Anything(),
        Access.CONNECT,
        Effect.ALLOW,
        Origin(OriginKind.BUILTIN, "unrestricted network"),
    )
}
_UNREADABLE = Rule(
    Anything(), Access.CONNECT, Effect.DENY, Origin(OriginKind.BUILTIN, "not an IP address")
)


@dataclass(frozen=True, slots=True)
class Network:
    """The network part of a policy: a mode, and refusals that hold in every mode.

    Raises PolicyError when a refusal is not a deny rule on a block of addresses.
    """

    mode: Mode = Mode.UNRESTRICTED
    refusals: tuple[Rule, ...] = METADATA_RULES

    def __post_init__(self) -> None:
        for rule in self.refusals:
            if rule.effect is not Effect.DENY or not isinstance(rule.pattern, AddressBlock):
                raise PolicyError(
                    f"{rule.pattern.spelled} ({rule.origin}) cannot be a network refusal",
                    "a network refusal is a deny rule on a block of addresses",
                )

    def considered(self, request: Connect | Bind) -> tuple[Rule, ...]:
        """Every rule that speaks of the request, refusals first."""
        forms = tuple(_forms(request.address))
        if not forms:
            return (_UNREADABLE,)
        reaching = tuple(rule for rule in self.refusals if _reaches(rule, forms))
        return (*reaching, _OPEN[self.mode])

    def decide(self, request: Connect | Bind) -> Verdict:
        """Deny with ECONNREFUSED for connect(2) and EACCES for bind(2)."""
        rule = self.considered(request)[0]
        if rule.effect is Effect.ALLOW:
            return Allow(rule)
        return Deny(rule, errno.ECONNREFUSED if isinstance(request, Connect) else errno.EACCES)


def _reaches(rule: Rule, forms: tuple[Address, ...]) -> bool:
    pattern = rule.pattern
    return isinstance(pattern, AddressBlock) and any(pattern.contains(form) for form in forms)


def _forms(text: str) -> Iterator[Address]:
    """The address that ``text`` denotes and every IPv4 address it carries; none if it is none."""
    try:
        # A zone such as %eth0 says which link, not which address (RFC 4007 section 11).
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return
    yield address
    if isinstance(address, ipaddress.IPv6Address):
        for block, shift in _EMBEDDINGS:
            if address in block:
                yield ipaddress.IPv4Address(int(address) >> shift & 0xFFFFFFFF)
