"""From the settings that concern the network to the network's part of a policy."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Collection, Iterator

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
from nono.broker.dataclass import replace
from nono.broker.named_tuple import NamedTuple
from nono.broker.network.host_entries import parse_host, split_port
from nono.broker.network.host_groups import network_profile, network_rules_of
from nono.broker.rules.hosts import parse_ports
from nono.broker.settings import BY_NAME, KEYS, REACHING, Key, Kind, Setting, Settings, flag
from nono.supervisor.errors import UsageError

BY_PROXY = "proxy"
"""What says that hosts are reached by nono's proxy alone."""

_DNS_PORT = 53


def make_network(flags: Settings, profile: Settings) -> Network:
    """The network that the flags describe, added to what the profile does.

    Raises UsageError, broker.UnknownName, and broker.PolicyError for what is never
    opened.
    """
    by = flags.one("network.by")
    if by is not None and by.value != BY_PROXY:
        raise UsageError(
            f"{by}: there is no such way to the network", f"{flag('network.by')} {BY_PROXY}"
        )
    for closing in _CLOSING:
        closed = _closed(closing, flags, profile)
        if closed is not None:
            return closing.made(closed, profile, flags)
    narrowing, refining = _given(flags)
    given = [*narrowing, *refining, *map(str, profile.all("network.deny_domain"))]
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
        rules=(*_rules(profile, _SPOKEN_OF), *_rules(flags, _SPOKEN_OF)),
        listen=(*_rules(profile, _LISTENING), *_rules(flags, _LISTENING)),
        unchecked=tuple(unchecked(flags)),
    )


def reaching_rules(settings: Settings) -> Iterator[Rule]:
    """The rules on what may be connected to. Raises UsageError."""
    return _rules(settings, REACHING)


def listening_rules(settings: Settings) -> Iterator[Rule]:
    """The rules on ports to listen on. Raises UsageError."""
    return _rules(settings, _LISTENING)


def unchecked(settings: Settings) -> Iterator[Rule]:
    """The rules on hosts whose name in TLS is not compared. Raises UsageError."""
    return _rules(settings, {Kind.UNCHECKED_HOST})


def nameservers(settings: Settings) -> tuple[tuple[str, int], ...]:
    """The address and port of each server to ask. Raises UsageError."""
    return tuple(map(_nameserver, settings.all("network.dns")))


class _Closing(NamedTuple):
    """A setting by which hosts are out of reach, whatever else is named.

    `kept` are the kinds of flags that go with it, `how` is what it does, in words, and `made` makes
    the network of it and of the settings of profile and flags.
    """

    key: str
    kept: frozenset[Kind | None]
    how: str
    made: Callable[[Setting, Settings, Settings], Network]


def _closed(closing: _Closing, flags: Settings, profile: Settings) -> Setting | None:
    """The setting, if it is given. Raises UsageError for a flag that says the contrary."""
    closed = flags.one(closing.key)
    by_profile = profile.one(closing.key)
    if closed is None and (by_profile is None or not by_profile.value):
        return None
    others = (BY_NAME[name] for name in flags.settings if name.startswith("network."))
    against = [
        each.flag for each in others if each.name != closing.key and each.kind not in closing.kept
    ]
    if against and closed is not None:
        raise UsageError(
            f"{closed} and {against[0]} contradict each other", f"leave out {against[0]}"
        )
    if against and by_profile is not None:
        raise UsageError(
            f"{against[0]} opens nothing: {closing.how} by {by_profile.origin}",
            f"leave out {against[0]}",
        )
    return closed or by_profile


def _given(flags: Settings) -> tuple[list[str], list[str]]:
    """The flags that narrow what is reached, and those that say more about what is reached."""
    keys = [BY_NAME[name] for name in flags.settings if name.startswith("network.")]
    return (
        [key.flag for key in keys if key.narrows],
        [key.flag for key in keys if not key.narrows],
    )


def _blocked(by: Setting, *_: Settings) -> Network:
    return Network(Mode.BLOCKED, rules=(_nothing(by),))


def _loopback_only(by: Setting, *settings: Settings) -> Network:
    """Raises UsageError where services are used: each of them is a host."""
    for each in settings:
        for service in each.all("network.credentials"):
            raise UsageError(
                f"{by} and {service} contradict each other: a service is a host",
                f"leave out {by}",
            )
    return Network(
        Mode.FILTERED,
        rules=tuple(rule for each in settings for rule in _rules(each, {Kind.LOCAL_PORT})),
        listen=tuple(rule for each in settings for rule in _rules(each, _LISTENING)),
        closed=_nothing(by),
    )


def _nothing(by: Setting) -> Rule:
    return Rule(Anything(), Access.CONNECT, Effect.DENY, by.origin)


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
        try:
            return _PORTS[key.kind](*parse_ports(setting.value))
        except InvalidHost as error:
            raise UsageError(f"{setting}: {error.message}", error.hint) from None
    try:
        is_refused = key.kind is Kind.REFUSED_HOST
        pattern = parse_host(setting.value, *((None,) if is_refused else ()))
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


_SPOKEN_OF = REACHING | {Kind.REFUSED_HOST}
_LISTENING = frozenset({Kind.LISTENING_PORT})
_CLOSING = (
    _Closing("network.block", frozenset(), "the network is blocked", _blocked),
    _Closing(
        "network.loopback_only",
        frozenset({Kind.LOCAL_PORT, Kind.LISTENING_PORT}),
        "the network is loopback only",
        _loopback_only,
    ),
)
_PORTS: dict[Kind | None, Callable[[int, int], NetworkPattern]] = {
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
