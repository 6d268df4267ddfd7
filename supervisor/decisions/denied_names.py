"""The patterns of refusals: names that appear after the start are no part of the kernel's rules."""

from __future__ import annotations

from collections.abc import Iterable

from nono.broker import Effect, Glob, Rule


def by_place(rules: Iterable[Rule]) -> tuple[tuple[str, int, tuple[Glob, ...]], ...]:
    """The globs of refusals by the directory that they speak of and the rights that they refuse."""
    found: dict[tuple[str, int], list[Glob]] = {}
    for rule in rules:
        if rule.effect is Effect.DENY and isinstance(rule.pattern, Glob):
            found.setdefault((rule.pattern.prefix, rule.access.value), []).append(rule.pattern)
    return tuple((prefix, bits, tuple(globs)) for (prefix, bits), globs in found.items())
