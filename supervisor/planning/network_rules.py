"""From the network's options to the network's part of a policy."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from nono.broker import (
    Access,
    Anything,
    Effect,
    InvalidHost,
    LocalPort,
    Mode,
    NamePattern,
    Network,
    NetworkPattern,
    Origin,
    OriginKind,
    PublicPort,
    Rule,
)
from nono.broker.network.host_entries import parse_host, split_port
from nono.broker.network.host_groups import network_profile, network_rules_of
from nono.supervisor.errors import UsageError

if TYPE_CHECKING:
    from nono.supervisor.planning.options import Options
    from nono.supervisor.planning.profile_parts import ProfileNetwork

# Each of them makes the network a filtered one.
_FILTERING = (
    "network_profile",
    "allow_domain",
    "open_port",
    "listen_port",
    "allow_connect_port",
    "proxy_credential",
)
_REFINING = ("no_sni_check", "dns")
_DNS_PORT = 53


def make_network(options: Options, profile: ProfileNetwork) -> Network:
    """The network that the options describe, added to what the profile does.

    Raises UsageError, broker.UnknownName, and broker.PolicyError for what is never
    opened.
    """
    given = [name for name in (*_FILTERING, *_REFINING) if _is_given(options, name)]
    if options.block_net:
        for name in given:
            raise UsageError(
                f"--block-net and {_flag(name)} contradict each other", f"leave out {_flag(name)}"
            )
        origin = Origin(OriginKind.FLAG, "--block-net")
        blocked = Rule(Anything(), Access.CONNECT, Effect.DENY, origin)
        return Network(Mode.BLOCKED, rules=(blocked,))
    if profile.blocked is not None:
        return _blocked_by_profile(profile.blocked, given)
    if not given and not profile:
        return Network()
    if not profile and not any(name in _FILTERING for name in given):
        raise UsageError(
            f"{_flag(given[0])} says something only where the network is filtered",
            "name the hosts, such as --allow-domain api.example.org",
        )
    return Network(
        Mode.FILTERED,
        rules=(*profile.rules, *_rules(options)),
        listen=(*profile.listen, *_port_rules("listen_port", options.listen_port)),
        unchecked=tuple(unchecked(options.no_sni_check)),
    )


def _blocked_by_profile(blocked: Rule, given: Sequence[str]) -> Network:
    for name in given:
        raise UsageError(
            f"{_flag(name)} opens nothing: the network is blocked by {blocked.origin}",
            f"leave out {_flag(name)}, or use another profile",
        )
    return Network(Mode.BLOCKED, rules=(blocked,))


def nameservers(options: Options) -> tuple[tuple[str, int], ...]:
    """The address and port of each `--dns`. Raises UsageError."""
    return tuple(map(_nameserver, options.dns))


def _is_given(options: Options, name: str) -> bool:
    value = getattr(options, name)
    # An empty name of a profile is a mistake, not a wish for an open network.
    return value is not None if name == "network_profile" else bool(value)


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _rules(options: Options) -> Iterator[Rule]:
    if options.network_profile is not None:
        yield from network_rules_of(network_profile(options.network_profile))
    for text in options.allow_domain:
        yield _allow(_parsed("allow_domain", text), f"--allow-domain {text}")
    for port in _ports("allow_connect_port", options.allow_connect_port):
        yield _allow(PublicPort(port), f"--allow-connect-port {port}")
    yield from _port_rules("open_port", options.open_port)


def _port_rules(name: str, ports: Iterable[int]) -> Iterator[Rule]:
    for port in _ports(name, ports):
        yield _allow(LocalPort(port), f"{_flag(name)} {port}")


def _ports(name: str, ports: Iterable[int]) -> Iterator[int]:
    for port in ports:
        if not 1 <= port <= 65535:
            raise UsageError(
                f"{_flag(name)} {port}: not a port", "a port is a number from 1 to 65535"
            )
        yield port


def unchecked(hosts: Iterable[str]) -> Iterator[Rule]:
    """The rules of `--no-sni-check`. Raises UsageError."""
    for text in hosts:
        pattern = _parsed("no_sni_check", text)
        if not isinstance(pattern, NamePattern):
            raise UsageError(
                f"--no-sni-check {text}: the name in TLS is compared with a name only",
                "leave it out: a connection to an address is not checked",
            )
        yield _allow(pattern, f"--no-sni-check {text}")


def _parsed(name: str, text: str) -> NetworkPattern:
    try:
        return parse_host(text)
    except InvalidHost as error:
        raise UsageError(f"{_flag(name)}: {error.message}", error.hint) from None


def _allow(pattern: NetworkPattern, flag: str) -> Rule:
    return Rule(pattern, Access.CONNECT, Effect.ALLOW, Origin(OriginKind.FLAG, flag))


def _nameserver(text: str) -> tuple[str, int]:
    try:
        address, port = split_port(text)
    except InvalidHost as error:
        raise UsageError(f"--dns {text}: {error.message}", error.hint) from None
    try:
        ipaddress.ip_address(address)
    except ValueError:
        raise UsageError(
            f"--dns {text}: not an IP address",
            "write it as --dns 9.9.9.9 or --dns [2620:fe::fe]:53",
        ) from None
    return address, port or _DNS_PORT
