"""Groups of hosts, and the network profiles that name them. Both are data (data/network.json)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from nono.broker.dataclass import dataclass
from nono.broker.datafile import data
from nono.broker.errors import UnknownName
from nono.broker.network.host_entries import parse_host
from nono.broker.rules.access import Access
from nono.broker.rules.rule import Effect, Origin, OriginKind, Rule


@dataclass(frozen=True, slots=True)
class NetworkGroup:
    """A named set of hosts, each written as `parse_host` takes it."""

    name: str
    description: str
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NetworkProfile:
    """A name for several groups of hosts."""

    name: str
    description: str
    groups: tuple[str, ...]


@cache
def network_groups() -> Mapping[str, NetworkGroup]:
    """All groups of hosts by name."""
    return MappingProxyType(
        {
            name: NetworkGroup(name, entry["description"], tuple(entry["hosts"]))
            for name, entry in data("network")["groups"].items()
        }
    )


@cache
def network_profiles() -> Mapping[str, NetworkProfile]:
    """All network profiles by name."""
    return MappingProxyType(
        {
            name: NetworkProfile(name, entry["description"], tuple(entry["groups"]))
            for name, entry in data("network")["profiles"].items()
        }
    )


def network_profile(name: str) -> NetworkProfile:
    """One network profile. Raises UnknownName, which names the nearest one."""
    try:
        return network_profiles()[name]
    except KeyError:
        raise UnknownName("network profile", name, network_profiles()) from None


def network_rules_of(profile: NetworkProfile) -> list[Rule]:
    """The rules of a network profile: each opens one host or suffix."""
    return [
        Rule(
            parse_host(host),
            Access.CONNECT,
            Effect.ALLOW,
            Origin(OriginKind.GROUP, f"{group} of network profile {profile.name}"),
        )
        for group in profile.groups
        for host in network_groups()[group].hosts
    ]
