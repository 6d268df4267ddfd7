"""From the settings that concern the network to the network's part of a policy."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace

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
    OriginKind,
    PublicPort,
    Rule,
)
from nono.broker.network.host_entries import parse_host, split_port
from nono.broker.network.host_groups import network_profile, network_rules_of
from nono.broker.settings import BY_NAME, KEYS, REACHING, Key, Kind, Setting, Settings, flag
from nono.supervisor.errors import UsageError

_DNS_PORT = 53


def make_network(flags: Settings, profile: Settings) -> Network:
    """The network that the flags describe, added to what the profile does.

    Raises UsageError, broker.UnknownName, and broker.PolicyError for what is never
    opened.
    """
    narrowing, refining = _given(flags)
    given = [*narrowing, *refining]
    blocked = flags.one("network.block")
    if blocked is not None:
        if given:
            raise UsageError(
                f"{blocked} and {given[0]} contradict each other", f"leave out {given[0]}"
            )
        return _blocked(blocked)
    blocked = profile.one("network.block")
    if blocked is not None and blocked.value:
        if given:
            raise UsageError(
                f"{given[0]} opens nothing: the network is blocked by {blocked.origin}",
                f"leave out {given[0]}, or use another profile",
            )
        return _blocked(blocked)
    # What was emptied names nothing, which is not the same as everything.
    if not narrowing and not any(key.narrows and profile.speak_of(key.name) for key in KEYS):
        if given:
            raise UsageError(
                f"{given[0]} says something only where the network is filtered",
                f"name the hosts, such as {flag('network.allow_domain')} api.example.org",
            )
        return Network()
    return Network(
        Mode.FILTERED,
        rules=(*_rules(profile, REACHING), *_rules(flags, REACHING)),
        listen=(*_rules(profile, _LISTENING), *_rules(flags, _LISTENING)),
        unchecked=tuple(unchecked(flags)),
    )


def unchecked(settings: Settings) -> Iterator[Rule]:
    """The rules on hosts whose name in TLS is not compared. Raises UsageError."""
    return _rules(settings, {Kind.UNCHECKED_HOST})


def nameservers(settings: Settings) -> tuple[tuple[str, int], ...]:
    """The address and port of each server to ask. Raises UsageError."""
    return tuple(map(_nameserver, settings.all("network.dns")))


def _given(flags: Settings) -> tuple[list[str], list[str]]:
    """The flags that narrow what is reached, and those that say more about what is reached."""
    keys = [BY_NAME[name] for name in flags.settings if name.startswith("network.")]
    return (
        [key.flag for key in keys if key.narrows],
        [key.flag for key in keys if not key.narrows and key.name != "network.block"],
    )


def _blocked(by: Setting) -> Network:
    return Network(Mode.BLOCKED, rules=(Rule(Anything(), Access.CONNECT, Effect.DENY, by.origin),))


def _rules(settings: Settings, kinds: Collection[Kind]) -> Iterator[Rule]:
    for key in KEYS:
        if key.kind not in kinds:
            continue
        for setting in settings.all(key.name):
            if key.kind is Kind.HOST_GROUPS:
                for rule in network_rules_of(network_profile(setting.value)):
                    yield replace(rule, origin=replace(rule.origin, file=setting.origin.file))
            else:
                yield Rule(_pattern(setting, key), key.access, key.effect, setting.origin)


def _pattern(setting: Setting, key: Key) -> NetworkPattern:
    if key.kind in _PORTS:
        if not 1 <= setting.value <= 65535:
            raise UsageError(f"{setting}: not a port", "a port is a number from 1 to 65535")
        return _PORTS[key.kind](setting.value)
    try:
        pattern = parse_host(setting.value)
    except InvalidHost as error:
        # The message has the value.
        is_flag = setting.origin.kind is OriginKind.FLAG
        raise UsageError(
            f"{key.flag if is_flag else setting}: {error.message}", error.hint
        ) from None
    if key.kind is Kind.UNCHECKED_HOST and not isinstance(pattern, NamePattern):
        raise UsageError(
            f"{setting}: the name in TLS is compared with a name only",
            "leave it out: a connection to an address is not checked",
        )
    return pattern


_LISTENING = frozenset({Kind.LISTENING_PORT})
_PORTS: dict[Kind | None, Callable[[int], NetworkPattern]] = {
    Kind.PUBLIC_PORT: PublicPort,
    Kind.LOCAL_PORT: LocalPort,
    Kind.LISTENING_PORT: LocalPort,
}


def _nameserver(setting: Setting) -> tuple[str, int]:
    try:
        address, port = split_port(setting.value)
    except InvalidHost as error:
        raise UsageError(f"{setting}: {error.message}", error.hint) from None
    try:
        ipaddress.ip_address(address)
    except ValueError:
        dns = flag("network.dns")
        raise UsageError(
            f"{setting}: not an IP address",
            f"write it as {dns} 9.9.9.9 or {dns} [2620:fe::fe]:53",
        ) from None
    return address, port or _DNS_PORT
