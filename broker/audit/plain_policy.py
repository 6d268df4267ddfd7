"""A policy as plain data, and back: what a run was decided by, for whoever asks afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import attrgetter

from nono.broker.errors import InvalidRecord, PolicyError
from nono.broker.network.network import Mode, Network
from nono.broker.plain_values import (
    Fields,
    as_access,
    as_flag,
    as_list,
    as_number,
    as_text,
    as_tuple,
    by_name,
    optional,
    read_fields,
)
from nono.broker.policy.policy import Policy
from nono.broker.rules.host_patterns import (
    AddressBlock,
    HostName,
    HostSuffix,
    LocalPort,
    PublicPort,
)
from nono.broker.rules.rule import (
    Anything,
    Effect,
    File,
    Glob,
    Origin,
    OriginKind,
    Pattern,
    Rule,
    Subtree,
    Subtrees,
)


def _ports(value: object) -> tuple[int, ...]:
    return as_tuple(value, as_number)


def _plain_spellings(spellings: Mapping[str, str]) -> list[object]:
    """The home, what lies below it by one name each, and whatever else, by path and spelling.

    There are more than a thousand of them in every run.
    """
    written = ((path, spelled[1:]) for path, spelled in spellings.items() if spelled[:2] == "~/")
    home = next((path.removesuffix(end) for path, end in written if path.endswith(end)), "")
    below, others = [], []
    for path, spelled in spellings.items():
        if spelled[:2] == "~/" and path == home + spelled[1:]:
            below.append(spelled[1:])
        else:
            others.append([path, spelled])
    return [home, below, others]


def _spellings(value: object) -> dict[str, str]:
    home, below, others = as_list(value, 3)
    top = as_text(home)
    names = [as_text(name) for name in as_list(below)]
    pairs = [as_list(pair, 2) for pair in as_list(others)]
    found = {top + name: "~" + name for name in names}
    return found | {as_text(path): as_text(spelled) for path, spelled in pairs}


def _paths(value: object) -> frozenset[str]:
    return frozenset(as_tuple(value, as_text))


_FIELDS: Fields = {
    File: {"path": as_text, "spelled": as_text},
    Subtree: {"path": as_text, "spelled": as_text},
    Subtrees: {"spellings": _spellings, "left_out": _paths},
    Glob: {"text": as_text},
    Anything: {"spelled": as_text},
    HostName: {"host": as_text, "ports": optional(_ports), "spelled": as_text},
    HostSuffix: {"domain": as_text, "ports": optional(_ports), "spelled": as_text},
    AddressBlock: {"text": as_text, "ports": optional(_ports), "spelled": as_text},
    PublicPort: {"port": as_number, "last": as_number},
    LocalPort: {"port": as_number, "last": as_number},
}
_KINDS = by_name(_FIELDS)
_VALUES = {kind: attrgetter(*fields) for kind, fields in _FIELDS.items()}
"""What gives them: one value, or a tuple of several."""
_PARTS, _FIRST_PARTS = 10, 8
"""How many parts a policy has, and how many the first records had: what they lack is empty."""
_OF_ORIGIN = 3
"""How many parts an origin has; a rule has more."""
_ALL_OF_IT = 2
"""The parts of a refusal of many trees that leaves nothing out."""


def plain_policy(policy: Policy) -> list[object]:
    """Every rule with its origin, the lifted protections, the default, and the network."""
    network = policy.network
    return [
        _plain_rules(policy.rules),
        list(policy.bypasses),
        policy.default.value,
        network.mode.value,
        _plain_rules(network.refusals),
        _plain_rules(network.rules),
        _plain_rules(network.listen),
        _plain_rules(network.unchecked),
        _plain_rules([network.closed] if network.closed else ()),
        list(policy.folding),
    ]


def read_policy(plain: object) -> Policy:
    """The policy that `plain_policy` has made plain. Raises InvalidRecord."""
    values = as_list(plain)
    values += [[] for _ in range(len(values), _PARTS)] if len(values) >= _FIRST_PARTS else []
    rules, bypasses, default, mode, *parts, closed, folding = as_list(values, _PARTS)
    refusals, network_rules, listen, unchecked = map(_read_rules, parts)
    by, *_ = (*_read_rules(closed), None)
    try:
        return Policy(
            _read_rules(rules),
            as_tuple(bypasses, as_text),
            Effect(as_text(default)),
            Network(Mode(as_text(mode)), refusals, network_rules, listen, unchecked, closed=by),
            as_tuple(folding, as_text),
        )
    except PolicyError as error:
        raise InvalidRecord(f"a policy that is none: {error.message}") from None
    except ValueError as error:
        raise InvalidRecord(f"a policy that is none: {error}") from None


def plain_origin(origin: Origin) -> list[object]:
    """The kind, the name and the file of an origin."""
    return [origin.kind._value_, origin.name, origin.file]


def read_origin(plain: object) -> Origin:
    """The origin that `plain_origin` has made plain. Raises InvalidRecord."""
    kind, name, file = as_list(plain, _OF_ORIGIN)
    try:
        known = OriginKind(as_text(kind))
    except ValueError:
        raise InvalidRecord("an unknown kind of origin") from None
    return Origin(known, as_text(name), optional(as_text)(file))


def plain_decider(by: Origin | Rule) -> list[object]:
    """What decided: an origin, or a rule, of which the origin is all where it is about anything."""
    if isinstance(by, Origin):
        return plain_origin(by)
    return plain_origin(by.origin) if isinstance(by.pattern, Anything) else _plain_rule(by)


def read_decider(plain: object) -> Origin | Rule:
    """What `plain_decider` has made plain. Raises InvalidRecord."""
    if len(as_list(plain)) == _OF_ORIGIN:
        return read_origin(plain)
    try:
        return _read_rule(plain)
    except PolicyError as error:
        raise InvalidRecord(f"a rule that is none: {error.message}") from None
    except ValueError as error:
        raise InvalidRecord(f"a rule that is none: {error}") from None


def _plain_rules(rules: Iterable[Rule]) -> list[object]:
    return [_plain_rule(rule) for rule in rules]


def _plain_rule(rule: Rule) -> list[object]:
    return [
        plain_pattern(rule.pattern),
        rule.access._value_,
        rule.effect._value_,
        plain_origin(rule.origin),
        rule.protected,
    ]


def plain_pattern(pattern: Pattern) -> list[object]:
    """The kind of a pattern, and what it says."""
    kind = type(pattern)
    if isinstance(pattern, Subtrees):
        left_out = [sorted(pattern.left_out)] if pattern.left_out else []
        return [kind.__name__, _plain_spellings(pattern.spellings), *left_out]
    values = _VALUES[kind](pattern)
    return [kind.__name__, *values] if len(_FIELDS[kind]) > 1 else [kind.__name__, values]


def _read_rules(plain: object) -> tuple[Rule, ...]:
    return as_tuple(plain, _read_rule)


def _read_rule(plain: object) -> Rule:
    pattern, access, effect, origin, protected = as_list(plain, 5)
    return Rule(
        _read_pattern(pattern),
        as_access(access),
        Effect(as_text(effect)),
        read_origin(origin),
        as_flag(protected),
    )


def _read_pattern(plain: object) -> Pattern:
    fields = as_list(plain)
    if fields[:1] == [Subtrees.__name__] and len(fields) == _ALL_OF_IT:
        fields.append([])
    kind, values = read_fields(fields, _KINDS, "pattern")
    pattern: Pattern = kind(*values)
    return pattern
