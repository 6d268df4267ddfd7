"""The answers to a question about a connection, a port, or a unix socket."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nono.broker.asking.history import around
from nono.broker.asking.offers.entries import kept_of
from nono.broker.asking.offers.making import Maker, Opened
from nono.broker.asking.question import Lasts, Offer, Subject, SubjectKind
from nono.broker.asking.surroundings import Place
from nono.broker.datafile import data
from nono.broker.network.host_groups import network_profiles, network_rules_of
from nono.broker.network.index import is_this_machine
from nono.broker.network.network import LISTENING
from nono.broker.requests import Bind, Connect, ConnectHost, Request, UnixConnect
from nono.broker.rules.access import Access
from nono.broker.rules.addresses import destination
from nono.broker.rules.host_patterns import (
    AddressBlock,
    HostName,
    HostSuffix,
    LocalPort,
    NetworkPattern,
)
from nono.broker.rules.hosts import host_or_none
from nono.broker.rules.patterns import File

_CONNECT = Access.CONNECT


@dataclass(frozen=True, slots=True)
class HostOffers:
    """Of a host that is known by its name. `neighbours` counts those of its domain before it."""

    make: Maker
    requests: Sequence[Request]
    subject: Subject
    place: Place
    seen: int
    neighbours: int

    def all(self) -> Iterator[Offer]:
        """In their order."""
        host = host_or_none(self.subject.value)
        if host is not None:
            ports = tuple(sorted({port for each in self.requests if (port := _port(each))}))
            yield from self._allowing(host, ports)
            yield self.make.deny("n", Lasts.ONCE, (), "no")
            everything: Opened = [(HostName(host, None), _CONNECT)]
            yield self.make.deny("N", Lasts.RUN, everything, f"not {host} in this run")
        else:
            yield self.make.deny("n", Lasts.ONCE, (), "no")
        yield self.make.quit()

    def _allowing(self, host: str, ports: tuple[int, ...]) -> Iterator[Offer]:
        opened = [(HostName(host, ports), _CONNECT)]
        profiles = _profiles_with(host, ports)
        is_risky = not profiles
        port = ", ".join(map(str, ports))
        once = self.make.allow("o", Lasts.ONCE, opened, "this connection, once", is_risky=is_risky)
        words = f"{host} port {port}, this run"
        run = self.make.allow("r", Lasts.RUN, opened, words, is_risky=is_risky)
        yield from (run, once) if self.seen else (once, run)
        for name, patterns in profiles[:1]:
            yield self.make.allow(
                "p",
                Lasts.RUN,
                [(pattern, _CONNECT) for pattern in patterns],
                f"the hosts of the network profile {name}, this run",
                broad=True,
                reach=f"{len(patterns)} hosts",
            )
        domain = around(self.subject)
        if self.neighbours and domain and not has_many_owners(domain):
            suffix = [(HostSuffix(domain, ports), _CONNECT)]
            words = f"every host below {domain} port {port}, this run"
            yield self.make.allow("t", Lasts.RUN, suffix, words, is_risky=True, broad=True)
        if self.place.kept_in:
            kept = kept_of(opened, self.place.around)
            words = f"{host} port {port}, always"
            yield self.make.keep("a", opened, words, "one host", kept, self.place.kept_in)


def _port(request: Request) -> int:
    """The port; 0 for one that is none."""
    if isinstance(request, ConnectHost | Connect) and 1 <= request.port <= 65535:
        return request.port
    return 0


def _profiles_with(
    host: str, ports: tuple[int, ...]
) -> list[tuple[str, tuple[NetworkPattern, ...]]]:
    """The network profiles that open the host at these ports, the smallest first."""
    found = []
    for name, profile in network_profiles().items():
        patterns = tuple(rule.pattern for rule in network_rules_of(profile))
        named = [each for each in patterns if isinstance(each, HostName | HostSuffix)]
        if all(any(p.matches(host) and p.speaks_of(port) for p in named) for port in ports):
            found.append((name, tuple(p for p in patterns if isinstance(p, NetworkPattern))))
    return sorted(found, key=lambda each: len(each[1]))


def has_many_owners(domain: str) -> bool:
    """True for a domain below which everybody can have a name, and for a top level.

    Not all of those are known, so what is opened by one has to be chosen twice.
    """
    known = data("shared_domains")
    labels = domain.split(".")
    of_a_country = len(labels) == 2 and len(labels[1]) == 2 and labels[0] in known["second_level"]
    if len(labels) < 2 or of_a_country:
        return True
    return any(
        domain == each or domain.endswith(f".{each}") or each.endswith(f".{domain}")
        for each in known["domains"]
    )


@dataclass(frozen=True, slots=True)
class PlainOffers:
    """Of an address, a port of this machine, a port to listen on, or a unix socket."""

    make: Maker
    requests: Sequence[Request]
    subject: Subject
    place: Place

    def all(self) -> Iterator[Offer]:
        """In their order."""
        opened = [each for request in self.requests if (each := _opened(request)) is not None]
        what = self.make.shown(self.subject.value)
        if opened:
            yield self.make.allow("o", Lasts.ONCE, opened, "this call, once", is_risky=True)
            yield self.make.allow("r", Lasts.RUN, opened, f"{what}, this run", is_risky=True)
            # A socket is a way out of the sandbox: it is opened by a profile that somebody wrote.
            if self.place.kept_in and self.subject.kind is not SubjectKind.SOCKET:
                kept = kept_of(opened, self.place.around)
                words = f"{what}, always"
                yield self.make.keep("a", opened, words, "one port", kept, self.place.kept_in)
        yield self.make.deny("n", Lasts.ONCE, (), "no")
        yield self.make.deny("N", Lasts.RUN, opened, f"not {what} in this run")
        yield self.make.quit()


def _opened(request: Request) -> tuple[NetworkPattern | File, Access] | None:
    """What opens just this; None where no rule can."""
    match request:
        case UnixConnect(_, path):
            return File(path), _CONNECT
        case Bind(_, _, port) if 1 <= port <= 65535:
            return LocalPort(port), LISTENING
        case Connect(_, address, port) | ConnectHost(_, address, port) if 1 <= port <= 65535:
            target = destination(address)
            if target is None:
                return None
            if is_this_machine(target):
                return LocalPort(port), _CONNECT
            block = f"{target}/{target.max_prefixlen}"
            return AddressBlock(block, (port,)), _CONNECT
    return None
