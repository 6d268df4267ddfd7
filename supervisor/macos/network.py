"""The network part of a profile. The kernel there knows this machine and any, and no other hosts.

So in the filtered mode the program reaches nono's proxy and the ports of this machine that were
opened, and nothing else: the proxy decides about hosts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nono.broker import Mode, Network, Rule
from nono.broker.datafile import data
from nono.broker.rules.host_patterns import AddressBlock, LocalPort, PublicPort
from nono.broker.rules.rule import Effect
from nono.shims.macos.sbpl import Address, Allow, Filter, Literal, Named, UnixSocket, some

MAX_PORTS = 256
"""How many may be opened: each is a filter of its own."""
_LOOPBACK = "127.0.0.1/32"
_INCOMING = ("network-bind", "network-inbound")


def network_rules(network: Network, proxy_port: int | None = None) -> list[Allow]:
    """What the program may reach by itself. Not the unix sockets, which are paths.

    `proxy_port` is where nono's proxy listens, in the filtered mode. Raises ValueError for more
    ports than can be written down.
    """
    match network.mode:
        case Mode.UNRESTRICTED:
            return _everything()
        case Mode.FILTERED:
            return [*_sockets(), *_filtered(network, proxy_port)]
        case Mode.BLOCKED:
            return []


def _sockets() -> list[Allow]:
    return [Allow(("system-socket",))]


def _everything() -> list[Allow]:
    names = data("seatbelt")["names_of_hosts"]
    sockets = some(Literal(path) for path in names["unix_sockets"])
    services = some(Named("global-name", each) for each in names["services"])
    return [
        *_sockets(),
        Allow(("network-outbound",), some([_anywhere("remote"), UnixSocket(sockets)])),
        Allow(_INCOMING, _anywhere("local")),
        Allow(("mach-lookup",), services),
    ]


def _anywhere(side: str) -> Filter:
    return Address(side, "ip", "*", "*")


def _filtered(network: Network, proxy_port: int | None) -> Iterator[Allow]:
    reached: list[Filter] = []
    if proxy_port is not None:
        reached.append(Address("remote", "tcp", "localhost", proxy_port))
    for port in (*_ports_of_proxies(network.rules), *_ports(network.rules, LocalPort)):
        reached.append(Address("remote", "tcp", "localhost", port))
    for port in _ports(network.rules, PublicPort):
        reached.append(Address("remote", "tcp", "*", port))
    listened = _ports(network.listen, LocalPort)
    # There is no loopback of the sandbox's own: who listens on a port reaches it, too.
    reached += [Address("remote", "tcp", "localhost", port) for port in listened]
    if reached:
        yield Allow(("network-outbound",), some(reached))
    if listened:
        yield Allow(_INCOMING, some(Address("local", "tcp", "*", port) for port in listened))


def _ports_of_proxies(rules: Iterable[Rule]) -> Iterator[int]:
    """Where nono's own proxies listen: they are opened by their address."""
    for rule in rules:
        pattern = rule.pattern
        if isinstance(pattern, AddressBlock) and pattern.text == _LOOPBACK:
            yield from pattern.ports or () if rule.effect is Effect.ALLOW else ()


def _ports(rules: Iterable[Rule], kind: type[LocalPort | PublicPort]) -> list[int]:
    """The ports that grants of this kind open, once each."""
    ranges = [
        range(rule.pattern.port, rule.pattern.last + 1)
        for rule in rules
        if rule.effect is Effect.ALLOW and isinstance(rule.pattern, kind)
    ]
    if sum(map(len, ranges)) > MAX_PORTS:
        raise ValueError(f"more than {MAX_PORTS} ports cannot be opened one by one on macOS")
    return list(dict.fromkeys(port for each in ranges for port in each))
