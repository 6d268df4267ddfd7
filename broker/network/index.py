"""Network rules, arranged so that those that speak of a host or an address are found fast."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nono.broker.rules.addresses import destination, forms
from nono.broker.rules.host_patterns import (
    AddressBlock,
    HostName,
    HostSuffix,
    LocalPort,
    PublicPort,
)
from nono.broker.rules.rule import Effect, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from nono.broker.rules.addresses import Address

_LOOPBACK = tuple(AddressBlock(each, is_ours=True) for each in ("127.0.0.0/8", "::1/128"))
# connect(2) takes the unspecified address for the loopback one.
_UNSPECIFIED = tuple(AddressBlock(each, is_ours=True) for each in ("0.0.0.0/32", "::/128"))
_THIS_MACHINE = (*_LOOPBACK, *_UNSPECIFIED)


class NetworkIndex:
    """The rules of a network, by what they speak of; each group in the order of the policy."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._names: dict[str, list[Rule]] = {}
        self._blocks: list[tuple[AddressBlock, Rule]] = []
        self._local: list[tuple[LocalPort, Rule]] = []
        self._public: list[tuple[PublicPort, Rule]] = []
        for rule in rules:
            match rule.pattern:
                case HostName(host):
                    self._names.setdefault(host, []).append(rule)
                case HostSuffix(domain):
                    self._names.setdefault("." + domain, []).append(rule)
                case AddressBlock() as block:
                    self._blocks.append((block, rule))
                case LocalPort() as ports:
                    self._local.append((ports, rule))
                case PublicPort() as ports:
                    self._public.append((ports, rule))

    def naming(self, host: str, port: int | None = None) -> tuple[Rule, ...]:
        """Rules on this canonical name and the domains that it lies in; with any port for None."""
        return tuple(
            rule
            for key in _keys(host)
            for rule in self._names.get(key, ())
            if port is None
            or (isinstance(rule.pattern, HostName | HostSuffix) and rule.pattern.speaks_of(port))
        )

    def on_public_port(self, port: int) -> tuple[Rule, ...]:
        """Rules on this port of every public host."""
        return tuple(rule for ports, rule in self._public if ports.speaks_of(port))

    def on_local_port(self, port: int) -> tuple[Rule, ...]:
        """Rules on this port of this machine."""
        return tuple(rule for ports, rule in self._local if ports.speaks_of(port))

    def reaching(self, text: str, port: int) -> tuple[Rule, ...]:
        """Rules on this address, given as text.

        A refusal reaches an IPv6 address also by the IPv4 address that it
        carries; a grant only the address that a connection goes to.
        """
        found, target = forms(text), destination(text)
        if target is None:
            return ()
        blocks = (
            rule
            for block, rule in self._blocks
            if block.speaks_of(port)
            and any(map(block.contains, (target,) if rule.effect is Effect.ALLOW else found))
        )
        return (*blocks, *(self.on_local_port(port) if is_this_machine(target) else ()))


def is_loopback(address: Address) -> bool:
    """RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3."""
    return any(block.contains(address) for block in _LOOPBACK)


def is_this_machine(address: Address) -> bool:
    """True for loopback and the unspecified address."""
    return any(block.contains(address) for block in _THIS_MACHINE)


def _keys(host: str) -> Iterator[str]:
    """The name itself, then every domain above it with a leading dot."""
    yield host
    start = host.find(".")
    while start != -1:
        yield host[start:]
        start = host.find(".", start + 1)
