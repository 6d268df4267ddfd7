"""Patterns of network rules: which hosts, addresses and ports a rule speaks of.

`spelled` is what the person wrote, for display.
"""

from __future__ import annotations

from nono.broker.dataclass import dataclass, field
from nono.broker.errors import InvalidHost, PolicyError
from nono.broker.rules.hosts import canonical_host

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Protocol

    from nono.broker.rules.addresses import Address
else:
    Protocol = object


DEFAULT_PORTS = (80, 443)
"""What an entry for a host without a port opens."""


def _check_ports(ports: tuple[int, ...]) -> None:
    for port in ports:
        if not 1 <= port <= 65535:
            raise InvalidHost(f"{port} is not a port", "a port is a number from 1 to 65535")


def _check_host(host: str) -> None:
    if canonical_host(host) != host:
        raise InvalidHost(
            f"{host[:80]!r} is not a host name in its plain form", f"write {canonical_host(host)}"
        )


def with_port(host: str, ports: tuple[int, ...] | None) -> str:
    """How an entry for a host or an address is written, ports and all."""
    if ports is None or ports == DEFAULT_PORTS:
        return host
    name = f"[{host}]" if ":" in host else host
    return ", ".join(f"{name}:{port}" for port in ports)


class _Spelled(Protocol):
    @property
    def spelled(self) -> str: ...


def spell(pattern: _Spelled, otherwise: str) -> None:
    """Complete a new pattern: what nobody wrote is shown as `otherwise`."""
    if not pattern.spelled:
        object.__setattr__(pattern, "spelled", otherwise)


@dataclass(frozen=True, slots=True)
class HostName:
    """One host, by its canonical name. `ports` None stands for every port. Raises InvalidHost."""

    host: str
    ports: tuple[int, ...] | None = DEFAULT_PORTS
    spelled: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        _check_host(self.host)
        _check_ports(self.ports or ())
        spell(self, with_port(self.host, self.ports))

    def matches(self, host: str) -> bool:
        """`host` is a canonical name."""
        return host == self.host

    def speaks_of(self, port: int) -> bool:
        return self.ports is None or port in self.ports


@dataclass(frozen=True, slots=True)
class HostSuffix:
    """Every host below a domain, the domain itself left out. Raises InvalidHost.

    `ports` None stands for every port.
    """

    domain: str
    ports: tuple[int, ...] | None = DEFAULT_PORTS
    spelled: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        _check_host(self.domain)
        _check_ports(self.ports or ())
        spell(self, with_port(f"*.{self.domain}", self.ports))

    def matches(self, host: str) -> bool:
        """`host` is a canonical name."""
        return host.endswith("." + self.domain)

    def speaks_of(self, port: int) -> bool:
        return self.ports is None or port in self.ports


@dataclass(frozen=True, slots=True)
class AddressBlock:
    """IP addresses of one CIDR block (RFC 4632, RFC 4291 section 2.3).

    `ports` None stands for every port. Raises PolicyError when `text` is not
    a block.
    """

    text: str
    ports: tuple[int, ...] | None = None
    spelled: str = field(default="", compare=False)
    is_ours: bool = field(default=False, compare=False, repr=False)
    """It stands in nono's own code, and so is right: it is read when it is first asked about."""
    _numbers: tuple[int, int, int] | None = field(
        default=None, init=False, compare=False, repr=False
    )
    """The version, the first address and the last, once they are read."""

    def __post_init__(self) -> None:
        _check_ports(self.ports or ())
        spell(self, with_port(self.text, self.ports))
        if not self.is_ours:
            self._read()

    def _read(self) -> tuple[int, int, int]:
        import ipaddress  # which a start that asks about no address does without

        try:
            network = ipaddress.ip_network(self.text)
        except ValueError as error:
            raise PolicyError(
                f"{self.text!r} is not a block of addresses: {error}",
                "write it as 10.0.0.0/8 or fd00::/8, with the bits after the prefix zero",
            ) from None
        ends = int(network.network_address), int(network.broadcast_address)
        numbers = network.version, *ends
        object.__setattr__(self, "_numbers", numbers)
        return numbers

    @property
    def ends(self) -> tuple[Address, Address]:
        """The first and the last address."""
        from ipaddress import IPv4Address, IPv6Address

        version, first, last = self._numbers or self._read()
        kind = IPv4Address if version == 4 else IPv6Address
        return kind(first), kind(last)

    def contains(self, address: Address) -> bool:
        version, first, last = self._numbers or self._read()
        return address.version == version and first <= int(address) <= last

    def speaks_of(self, port: int) -> bool:
        return self.ports is None or port in self.ports


@dataclass(frozen=True, slots=True)
class PublicPort:
    """A port of every host whose address is public, or all up to `last`. Raises InvalidHost."""

    port: int
    last: int = 0

    def __post_init__(self) -> None:
        _complete_range(self)

    @property
    def spelled(self) -> str:
        return f"{_port_words(self)} of every public host"

    def speaks_of(self, port: int) -> bool:
        return self.port <= port <= self.last


@dataclass(frozen=True, slots=True)
class LocalPort:
    """A port of this machine, the sandbox's own servers or others, or all up to `last`.

    Raises InvalidHost.
    """

    port: int
    last: int = 0

    def __post_init__(self) -> None:
        _complete_range(self)

    @property
    def spelled(self) -> str:
        return f"{_port_words(self)} of this machine"

    def speaks_of(self, port: int) -> bool:
        return self.port <= port <= self.last


def _complete_range(pattern: PublicPort | LocalPort) -> None:
    """One port is a range of itself alone. Raises InvalidHost."""
    if not pattern.last:
        object.__setattr__(pattern, "last", pattern.port)
    _check_ports((pattern.port, pattern.last))
    if pattern.last < pattern.port:
        raise InvalidHost(
            f"{pattern.port}-{pattern.last} is not a range of ports", "the smaller one is first"
        )


def _port_words(pattern: PublicPort | LocalPort) -> str:
    if pattern.port == pattern.last:
        return f"port {pattern.port}"
    return f"ports {pattern.port} to {pattern.last}"


NamePattern = HostName | HostSuffix
NetworkPattern = NamePattern | AddressBlock | PublicPort | LocalPort
