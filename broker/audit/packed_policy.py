"""The first record of a session, packed: what `records.plain` and msgpack would make of it.

It holds every rule, with thousands of texts; they are packed as they are found, without a plain
value of each between.
"""

from __future__ import annotations

from collections.abc import Iterable

from nono.broker.audit.plain_policy import plain_origin, plain_pattern
from nono.broker.audit.records import FORMAT, Start
from nono.broker.packed import Packed, beginning, packed, text
from nono.broker.policy.policy import Policy
from nono.broker.rules.rule import File, Origin, Pattern, Rule, Subtree


def packed_start(start: Start, policy: bytes = b"") -> Packed:
    """The record as it stands in a chain; `policy` is its policy, where that is packed already."""
    head = ("start", FORMAT, start.time, start.nono, start.tmpdir)
    parts = [*map(packed, head), policy or packed_policy(start.policy)]
    return Packed(beginning(len(parts)) + b"".join(parts))


def packed_policy(policy: Policy) -> bytes:
    """As `plain_policy` has it."""
    network = policy.network
    origins: dict[int, bytes] = {}
    parts = [
        _rules(policy.rules, origins),
        packed(list(policy.bypasses)),
        packed(policy.default.value),
        packed(network.mode.value),
        _rules(network.refusals, origins),
        _rules(network.rules, origins),
        _rules(network.listen, origins),
        _rules(network.unchecked, origins),
        _rules([network.closed] if network.closed else [], origins),
        packed(list(policy.folding)),
    ]
    return beginning(len(parts)) + b"".join(parts)


def _rules(rules: Iterable[Rule], origins: dict[int, bytes]) -> bytes:
    """`origins` are those that were packed, by the number of the object: most have many rules."""
    parts = [
        b"\x95%b%b%b%b%b"
        % (
            _pattern(rule.pattern),
            packed(rule.access._value_),
            text(rule.effect),
            origins.get(id(rule.origin)) or _origin(rule.origin, origins),
            b"\xc3" if rule.protected else b"\xc2",
        )
        for rule in rules
    ]
    return beginning(len(parts)) + b"".join(parts)


def _origin(origin: Origin, origins: dict[int, bytes]) -> bytes:
    made = origins[id(origin)] = packed(plain_origin(origin))
    return made


def _pattern(pattern: Pattern) -> bytes:
    if not isinstance(pattern, File | Subtree):
        return packed(plain_pattern(pattern))
    path = text(pattern.path)
    spelled = path if pattern.spelled == pattern.path else text(pattern.spelled)
    return b"\x93%b%b%b" % (text(pattern.__class__.__name__), path, spelled)
