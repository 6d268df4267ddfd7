"""Refusals and questions where names are compared folded: found by the key of a path.

Only a policy with folding trees has this, and only for the rules that speak of something in one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from nono.broker.rules.folding import Folding
from nono.broker.rules.paths import lineage
from nono.broker.rules.rule import (
    Effect,
    File,
    Glob,
    Rule,
    guarded_paths,
    singly,
)

Spoken = tuple[Rule, str]
"""A rule, and the path of its own by which it speaks of another one."""


class FoldedRefusals:
    """The rules that refuse or ask, by the folded form of their paths."""

    def __init__(self, rules: Iterable[Rule], bypasses: tuple[str, ...], folding: Folding) -> None:
        self._rules = tuple(rule for rule in rules if rule.effect is not Effect.ALLOW)
        self._bypasses = bypasses
        self._folding = folding
        self._at: dict[str, list[Spoken]] = {}
        self._below: dict[str, list[Spoken]] = {}
        self._globs: list[tuple[Rule, Glob]] = []
        for rule in singly(self._rules):
            if isinstance(rule.pattern, Glob):
                self._globs.append((rule, rule.pattern))
            elif (path := getattr(rule.pattern, "path", None)) and folding.tree(path) is not None:
                key = folding.fold(path)
                self._at.setdefault(key, []).append((rule, path))
                if not isinstance(rule.pattern, File):
                    self._below.setdefault(key, []).append((rule, path))

    def speaking(self, path: str) -> Iterator[Spoken]:
        """Those that speak of the path, the most specific first."""
        if self._folding.tree(path) is None:
            return
        key, *above = lineage(self._folding.fold(path))
        yield from self._at.get(key, ())
        for each in above:
            yield from self._below.get(each, ())
        for rule, glob in self._globs:
            if self._folding.covers(glob, path):
                yield rule, path
        for directory in self._folding.short_names(path):
            for effect in (Effect.DENY, Effect.ASK):
                inside = self._guards[effect].get(self._folding.fold(directory))
                if inside is not None and inside[1] != directory:
                    yield inside

    def reaches(self, rule: Rule, path: str) -> str | None:
        """The path of the rule's own by which it speaks of this one, if it does."""
        for found, own in self.speaking(path):
            if found.origin == rule.origin and (found == rule or rule.reaches(own)):
                return own
        return None

    def guard(self, path: str, effect: Effect) -> Spoken | None:
        """The rule one of whose paths is this one or below it, and that path."""
        if self._folding.tree(path) is None:
            return None
        return self._guards[effect].get(self._folding.fold(path))

    @cached_property
    def _guards(self) -> Mapping[Effect, Mapping[str, Spoken]]:
        guards: dict[Effect, dict[str, Spoken]] = {Effect.DENY: {}, Effect.ASK: {}}
        for rule in self._rules:
            for guarded in guarded_paths(rule, self._bypasses):
                if self._folding.tree(guarded) is not None:
                    for key in lineage(self._folding.fold(guarded)):
                        guards[rule.effect].setdefault(key, (rule, guarded))
        return guards
