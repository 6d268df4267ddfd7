"""A rule as a profile would have it: the key, and the value that stands for the pattern."""

from __future__ import annotations

from typing import Any

from nono.broker.errors import PolicyError
from nono.broker.network.host_entries import parse_host
from nono.broker.rules.access import READ_WRITE, Access
from nono.broker.rules.host_patterns import (
    AddressBlock,
    HostName,
    HostSuffix,
    LocalPort,
    PublicPort,
)
from nono.broker.rules.patterns import File, Glob, Pattern, Subtree
from nono.broker.rules.rule import Effect, Origin, Rule
from nono.broker.settings import BY_NAME, KEYS, Key, Kind
from nono.broker.visible import visible

_MAX_VALUE = 1000
_WILDCARDS = frozenset("*?[")
_GRANTED = READ_WRITE | Access.CONNECT
_ADDRESSED = {
    (HostName, Effect.ALLOW): Kind.HOST,
    (HostSuffix, Effect.ALLOW): Kind.HOST,
    (AddressBlock, Effect.ALLOW): Kind.HOST,
    (HostName, Effect.DENY): Kind.REFUSED_HOST,
    (HostSuffix, Effect.DENY): Kind.REFUSED_HOST,
    (AddressBlock, Effect.DENY): Kind.REFUSED_HOST,
    (PublicPort, Effect.ALLOW): Kind.PUBLIC_PORT,
    (LocalPort, Effect.ALLOW): Kind.LOCAL_PORT,
}
_NAMED = {Subtree: Kind.DIRECTORY, Glob: Kind.DIRECTORY, File: Kind.FILE}


def profile_form(rule: Rule) -> dict[str, Any]:
    """An object such as `{"filesystem": {"read": ["/srv"]}}`; empty where no key says this.

    Paths are made visible, so one with odd characters is not what the profile would have.
    """
    key = _key(rule)
    if key is None:
        return {}
    section, _, name = key.name.partition(".")
    return {section: {name: [_value(rule)]}}


def _key(rule: Rule) -> Key | None:
    kind = _ADDRESSED.get((type(rule.pattern), rule.effect)) or _kind_of_path(rule)
    if kind is Kind.REFUSED:
        return BY_NAME["filesystem.deny_write" if rule.only_of_changes else "filesystem.deny"]
    for key in KEYS:
        is_same = key.kind is kind and key.access & _GRANTED == rule.access & _GRANTED
        if kind is not None and is_same and key.effect is rule.effect:
            return key
    return None


def _kind_of_path(rule: Rule) -> Kind | None:
    if rule.effect is Effect.DENY:
        return Kind.REFUSED if isinstance(rule.pattern, Subtree | Glob | File) else None
    if isinstance(rule.pattern, File) and rule.access is Access.CONNECT:
        return Kind.SOCKET
    return _NAMED.get(type(rule.pattern))


def _value(rule: Rule) -> str | int:
    pattern = rule.pattern
    if isinstance(pattern, PublicPort | LocalPort):
        return pattern.port if pattern.port == pattern.last else f"{pattern.port}-{pattern.last}"
    if isinstance(pattern, File | Subtree):
        return visible(pattern.path, _MAX_VALUE)
    if isinstance(pattern, Glob):
        return visible(pattern.spelled, _MAX_VALUE)
    return visible(_spelled(pattern), _MAX_VALUE)


def _spelled(pattern: object) -> str:
    text: str = getattr(pattern, "spelled", "")
    return text


def shown_rule(form: object, effect: Effect, origin: Origin) -> Rule | None:
    """A rule to show a person what such an object stands for; None for what says nothing."""
    section, inner = next(iter(form.items()), ("", {})) if isinstance(form, dict) else ("", {})
    name, values = next(iter(inner.items()), ("", [])) if isinstance(inner, dict) else ("", [])
    key = BY_NAME.get(f"{section}.{name}")
    if key is None or not isinstance(values, list) or len(values) != 1:
        return None
    try:
        pattern = _shown_pattern(key.kind, values[0])
    except PolicyError:
        return None
    return None if pattern is None else Rule(pattern, key.access, effect, origin)


def _shown_pattern(kind: Kind | None, value: object) -> Pattern | None:
    """Raises PolicyError."""
    if isinstance(value, str) and kind in (Kind.DIRECTORY, Kind.REFUSED):
        return Glob(value) if _WILDCARDS & set(value) else Subtree(value)
    if isinstance(value, str) and kind in (Kind.FILE, Kind.LISTED, Kind.SOCKET):
        return File(value)
    if isinstance(value, str) and kind in (Kind.HOST, Kind.REFUSED_HOST):
        return parse_host(value)
    return None
