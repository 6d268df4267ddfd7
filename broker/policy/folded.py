"""Refusals and questions where names are compared folded: found by the key of a path.

Only a policy with folding trees has this, and only for the rules that speak of something in one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from nono.broker.rules.begun import Begun
from nono.broker.rules.folding import Folding
from nono.broker.rules.paths import is_within, lineage
from nono.broker.rules.rule import (
    Effect,
    File,
    Glob,
    Rule,
    Subtrees,
    guarded_paths,
    is_lifted,
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
        for rule in self._rules:
            if isinstance(rule.pattern, Glob):
                self._globs.append((rule, rule.pattern))
            for path in rule.named:
                if folding.tree(path) is None:
                    continue
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
            for rule, own in self._below.get(each, ()):
                if not _leaves_out(rule, own, path):
                    yield rule, own
        for number in self._begun.speaking(path):
            rule, glob = self._globs[number]
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
        found = self._guards[effect].get(self._folding.fold(path))
        if found is None:
            return None
        rule, own = found
        lifted = is_lifted(rule, own, self._bypasses) and is_lifted(rule, path, self._bypasses)
        return None if lifted else found

    @cached_property
    def _begun(self) -> Begun:
        return Begun([glob for _, glob in self._globs], self._folding)

    @cached_property
    def _guards(self) -> Mapping[Effect, Mapping[str, Spoken]]:
        guards: dict[Effect, dict[str, Spoken]] = {Effect.DENY: {}, Effect.ASK: {}}
        # Those last that a bypass lifts under their own name: they guard other spellings only.
        for lifted in (False, True):
            for rule in self._rules:
                for guarded in guarded_paths(rule, self._bypasses, self._folding):
                    if self._folding.tree(guarded) is None:
                        continue
                    if is_lifted(rule, guarded, self._bypasses) is lifted:
                        for key in lineage(self._folding.fold(guarded)):
                            guards[rule.effect].setdefault(key, (rule, guarded))
        return guards


def _leaves_out(rule: Rule, tree: str, path: str) -> bool:
    """True when the path is left out of this tree of the rule: exactly, as grants are."""
    if not isinstance(rule.pattern, Subtrees):
        return False
    left_out = rule.pattern.left_out
    return bool(left_out) and any(
        each in left_out and is_within(each, tree) for each in lineage(path)
    )
