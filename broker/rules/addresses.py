"""IP addresses: what one text may mean."""

from __future__ import annotations

from functools import cache, lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:  # a start that no address is asked about does without
    from ipaddress import IPv4Address, IPv6Address, IPv6Network
    from typing import TypeAlias

    Address: TypeAlias = IPv4Address | IPv6Address

_EMBEDDINGS = (
    ("::ffff:0:0/96", 0),  # IPv4-mapped, RFC 4291 section 2.5.5.2
    ("::/96", 0),  # IPv4-compatible, RFC 4291 section 2.5.5.1
    ("::ffff:0:0:0/96", 0),  # IPv4-translated, RFC 2765 section 2.1
    ("64:ff9b::/96", 0),  # NAT64, RFC 6052 section 2.1
    ("64:ff9b:1::/48", 0),  # local NAT64, RFC 8215, with the usual /96 suffix
    ("2002::/16", 80),  # 6to4, RFC 3056 section 2
)
"""IPv6 blocks that carry an IPv4 address, and how many bits follow that address."""


@cache
def _embeddings() -> tuple[tuple[IPv6Network, int], ...]:
    from ipaddress import IPv6Network

    return tuple((IPv6Network(block), shift) for block, shift in _EMBEDDINGS)


@lru_cache(maxsize=1024)
def forms(text: str) -> tuple[Address, ...]:
    """The address that `text` denotes and every IPv4 address it carries; none if it is none."""
    import ipaddress

    try:
        # A zone such as %eth0 says which link, not which address (RFC 4007 section 11).
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return ()
    if isinstance(address, ipaddress.IPv4Address):
        return (address,)
    number = int(address)
    carried = (
        ipaddress.IPv4Address(number >> shift & 0xFFFFFFFF)
        for block, shift in _embeddings()
        if address in block
    )
    return (address, *carried)


@lru_cache(maxsize=1024)
def destination(text: str) -> Address | None:
    """The address that a connection to `text` goes to: IPv4 for an IPv4-mapped one."""
    found = forms(text)
    if not found:
        return None
    from ipaddress import IPv6Address

    address = found[0]
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
