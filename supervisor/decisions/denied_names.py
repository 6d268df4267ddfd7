"""Names that patterns refuse, also of what appears during a run: where, and to do what."""

from __future__ import annotations

from collections.abc import Iterable

from nono.broker import Access, Effect, Glob, Rule

DeniedNames = tuple[tuple[str, int, tuple[Glob, ...]], ...]
"""A directory, the bits of Access that are refused, and the patterns of the names in it."""


def by_place(rules: Iterable[Rule]) -> DeniedNames:
    """The globs of refusals by the directory that they speak of and the rights that they refuse."""
    found: dict[tuple[str, int], list[Glob]] = {}
    for rule in rules:
        if rule.effect is Effect.DENY and isinstance(rule.pattern, Glob):
            found.setdefault((rule.pattern.prefix, rule.access.value), []).append(rule.pattern)
    return tuple((prefix, bits, tuple(globs)) for (prefix, bits), globs in found.items())


def refuse_reading(names: DeniedNames) -> bool:
    """Whether one of them refuses to read."""
    return any(bits & Access.READ.value for _, bits, _ in names)
