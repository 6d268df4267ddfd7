"""What a person writes for hosts: `name`, `*.suffix`, `name:port`, an address or a block."""

from __future__ import annotations

import ipaddress

from nono.broker.compiled import pattern_of
from nono.broker.errors import InvalidHost
from nono.broker.rules.host_patterns import DEFAULT_PORTS, AddressBlock, HostName, HostSuffix
from nono.broker.rules.hosts import canonical_host, is_localhost, parse_port
from nono.broker.settings import flag

_SCHEME = pattern_of(r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#]*@)?([^/?#]*)")
_MAX_LENGTH = 1024


def parse_host(
    text: str, otherwise: tuple[int, ...] | None = DEFAULT_PORTS
) -> HostName | HostSuffix | AddressBlock:
    """The pattern that an entry for hosts stands for.

    An entry is a name, a suffix as `*.example.org` or `.example.org`, an
    address, or a block of addresses. `:port` may follow, after an IPv6 address
    in brackets (RFC 3986 section 3.2.2); without one it means the ports
    `otherwise`, 80 and 443, or for None all of them. Raises InvalidHost, which
    says what to write instead.
    """
    if len(text) > _MAX_LENGTH:
        raise InvalidHost(f"{text[:80]!r}... is too long for a host", "write only the host")
    scheme = _SCHEME.match(text)
    if scheme:
        raise InvalidHost(f"{text[:80]!r} is a URL, not a host", f"write only {scheme[1][:80]}")
    host, port = split_port(text)
    ports = otherwise if port is None else (port,)
    block = _block(host)
    if block is not None:
        return AddressBlock(block, ports, text)
    if "/" in host:
        raise InvalidHost(
            f"{text[:80]!r} has a path", f"write only the host: {text.split('/')[0][:80]}"
        )
    if host.startswith(("*.", ".")):
        return HostSuffix(_name(host.removeprefix("*")[1:], port), ports, text)
    if "*" in host:
        raise InvalidHost(*_misplaced_star(host))
    return HostName(_name(host, port), ports, text)


def split_port(text: str) -> tuple[str, int | None]:
    """The host and the port of `host`, `host:port`, `[IPv6]` or `[IPv6]:port`.

    Raises InvalidHost for a port that is none and brackets that do not match.
    """
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or ":" not in host or (rest and not rest.startswith(":")):
            raise InvalidHost(
                f"{text[:80]!r} is not an IPv6 address in brackets", "write it as [fd00::1]:443"
            )
        return host, parse_port(rest[1:]) if rest else None
    if text.count(":") != 1:
        return text, None
    host, _, port = text.partition(":")
    return host, parse_port(port)


def _block(host: str) -> str | None:
    """The block in its plain form; None for what is no address at all."""
    # A zone such as %eth0 says which link, which no rule speaks of.
    if "%" not in host:
        try:
            return str(_unmapped(ipaddress.ip_network(host)))
        except ValueError:
            _check_prefix(host)
    if ":" in host:
        hint = "write it as fd00::1 or [fd00::1]:443"
        raise InvalidHost(f"{host[:80]!r} is not an IPv6 address", hint)
    return None


def _unmapped(
    block: ipaddress.IPv4Network | ipaddress.IPv6Network,
) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """The IPv4 block that an IPv4-mapped one stands for; others as they are."""
    mapped = getattr(block.network_address, "ipv4_mapped", None)
    if mapped is None or block.prefixlen < 96:
        return block
    return ipaddress.IPv4Network((mapped, block.prefixlen - 96))


def _check_prefix(host: str) -> None:
    """Raise InvalidHost for an address with a prefix length that does not fit it."""
    address, slash, _ = host.partition("/")
    if not slash:
        return
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return
    raise InvalidHost(f"{host[:80]!r} is not a block of addresses", _block_hint(host))


def _block_hint(host: str) -> str:
    try:
        return f"the bits after the prefix must be zero: {ipaddress.ip_network(host, strict=False)}"
    except ValueError:
        return "a prefix is a number of bits, such as 10.0.0.0/8"


def _name(host: str, port: int | None) -> str:
    name = canonical_host(host)
    if is_localhost(name):
        raise InvalidHost(
            f"{host!r} is this machine",
            f"open a port of it: {flag('network.open_port')} {port or 'PORT'}",
        )
    return name


def _misplaced_star(host: str) -> tuple[str, str]:
    if host == "*":
        return (
            "'*' would be every host",
            "write a domain, such as *.example.org, or open one port:"
            f" {flag('network.connect_port')} 443",
        )
    return f"{host[:80]!r} has a * inside", "a * stands for the first part alone: *.example.org"
