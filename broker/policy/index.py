"""Finding the rules that speak of a path, in time that does not grow with the policy.

Rules on a path are kept by that path and found by walking from the object up to
`/`, the most specific first. Only rules with wildcards are tried one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from nono.broker.errors import PolicyError
from nono.broker.policy.around import UNKNOWN, Around, Directories, Rules, Standing, merge
from nono.broker.policy.folded import FoldedRefusals
from nono.broker.rules.begun import Begun, begun
from nono.broker.rules.folding import EXACT, Folding
from nono.broker.rules.paths import is_within, lineage, parent
from nono.broker.rules.rule import (
    Effect,
    File,
    Glob,
    PathPattern,
    Rule,
    Subtree,
    Subtrees,
    guarded_paths,
    is_lifted,
)

PATH_PATTERNS = frozenset(PathPattern.__args__)


def check_paths(rules: Iterable[Rule]) -> None:
    """Raise PolicyError for a rule that is none on paths, or grants many trees at once."""
    for rule in rules:
        if type(rule.pattern) not in PATH_PATTERNS:
            raise PolicyError(
                f"{rule.pattern.spelled} ({rule.origin}) is not a pattern of paths",
                "network rules belong to the policy's network",
            )
        if isinstance(rule.pattern, Subtrees) and rule.effect is not Effect.DENY:
            raise PolicyError(
                f"{rule.pattern.spelled} ({rule.origin}) can only be refused together",
                "make a rule for each",
            )


class Index:
    """The path rules of a policy, arranged for look-up."""

    def __init__(
        self, rules: Iterable[Rule], bypasses: tuple[str, ...], folding: Folding = EXACT
    ) -> None:
        self._rules = tuple(rules)
        self._bypasses = bypasses
        self._folding = folding
        self._folded = FoldedRefusals(self._rules, bypasses, folding) if folding else None
        self._at: dict[str, Rules] = {}
        self._below: dict[str, Rules] = {}
        self._globs: dict[Effect, dict[str, list[Rule]]] = {effect: {} for effect in Effect}
        self._answers: Rules = ()
        for rule in self._rules:
            self._add(rule)
        self._directories = Directories(self._below)
        self._wild = frozenset(each._value_ for each, found in self._globs.items() if found)
        self._is_plain = self._folded is None and Effect.ASK._value_ not in self._wild
        """No question but those on paths: what is remembered of a directory is all there is."""

    def answered(self, answers: tuple[Rule, ...]) -> Index:
        """The same rules with these answers of a person's, which come before all grants."""
        made = object.__new__(Index)
        made.__dict__.update(self.__dict__, _answers=answers)
        return made

    def answer_refuses(self, path: str, bits: int) -> Rule | None:
        """The answer that refuses any of `bits` at `path`."""
        for rule in self._answers:
            if rule.effect is Effect.DENY and rule.access._value_ & bits and rule.reaches(path):
                return rule
        return None

    def answer_grants(self, path: str, bits: int) -> Rule | None:
        """The answer that grants all of `bits` at `path` and below it."""
        for rule in _whole(self._answers):
            if not bits & ~rule.access._value_ and rule.reaches(path):
                return rule
        return None

    def _add(self, rule: Rule) -> None:
        match rule.pattern:
            case Glob() as pattern:
                self._globs[rule.effect].setdefault(pattern.prefix, []).append(rule)
            case File(path):
                self._at[path] = (*self._at.get(path, ()), rule)
            case Subtree(path):
                self._at[path] = (*self._at.get(path, ()), rule)
                self._below[path] = (*self._below.get(path, ()), rule)
            case Subtrees(spellings):
                for index in (self._at, self._below):
                    here: dict[str, Rules] = dict.fromkeys(spellings, (rule,))
                    here |= {path: (*index[path], rule) for path in here.keys() & index.keys()}
                    index |= here

    @cached_property
    def _guards(self) -> Mapping[Effect, Mapping[str, tuple[Rule, str]]]:
        """By effect and path, the first rule that hangs on a path there or below, and that path."""
        guards: dict[Effect, dict[str, tuple[Rule, str]]] = {Effect.DENY: {}, Effect.ASK: {}}
        for rule in self._rules:
            for guarded in guarded_paths(rule, self._bypasses):
                found = guards[rule.effect]
                for path in lineage(guarded):
                    if path in found:
                        break  # and so is all above it
                    found[path] = (rule, guarded)
        return guards

    @cached_property
    def _begun(self) -> Mapping[str, tuple[Rules, Begun]]:
        """By the effect's value, the rules with wildcards, the longest fixed directories first."""
        found = {}
        for effect, by_prefix in self._globs.items():
            prefixes = sorted(by_prefix, key=len, reverse=True)
            rules = tuple(rule for prefix in prefixes for rule in by_prefix[prefix])
            found[effect._value_] = (
                rules,
                begun(tuple(r.pattern for r in rules if type(r.pattern) is Glob)),
            )
        return found

    @cached_property
    def _widening(self) -> Mapping[str, tuple[int, int]]:
        """The bits that rules at or below a path grant, and those that they ask about."""
        found: dict[str, tuple[int, int]] = {}
        for path, rules in self._at.items():
            granted, asked = _bits(rules, Effect.ALLOW), _bits(rules, Effect.ASK)
            for tree in lineage(path) if granted or asked else ():
                before = found.get(tree, (0, 0))
                found[tree] = before[0] | granted, before[1] | asked
        return found

    def _levels(self, path: str, around: Around) -> Sequence[Rules]:
        """What grants or asks."""
        here = tuple(rule for rule in self._at.get(path, ()) if rule.effect is not Effect.DENY)
        return (here, *around.levels) if here else around.levels

    def _wildcards(self, path: str, effect: Effect) -> list[Rule]:
        """The rules with wildcards that may speak of `path`."""
        if effect._value_ not in self._wild:  # to hash a member of an enumeration takes longer
            return []
        rules, begun = self._begun[effect._value_]
        return [rules[number] for number in begun.speaking(path)]

    def refusal(self, path: str, bits: int) -> Rule | None:
        """The most specific refusal of any of `bits` at `path` that no bypass lifts."""
        around = self._directories.around(path)
        of_paths: Rules = (*self._at.get(path, ()), *around.refusing(bits))
        for rule in of_paths:
            # Something may be left out of a tree.
            if self._refuses(rule, path, bits) and rule.reaches(path):
                return rule.at(path)
        for rule in self._wildcards(path, Effect.DENY):
            if self._refuses(rule, path, bits) and rule.reaches(path):
                return rule
        if self._folded is not None:
            for rule, own in self._folded.speaking(path):
                if self._refuses(rule, path, bits):
                    return rule.at(own)
        return None

    def reaches(self, rule: Rule, path: str) -> str | None:
        """The path by which the rule speaks of this one: itself, or what folds to the same."""
        if rule.reaches(path):
            return path
        if self._folded is None or rule.effect is Effect.ALLOW:
            return None
        return self._folded.reaches(rule, path)

    def _refuses(self, rule: Rule, path: str, bits: int) -> bool:
        return (
            rule.effect is Effect.DENY
            and bool(rule.access._value_ & bits)
            and not is_lifted(rule, path, self._bypasses)
        )

    def guard(self, path: str, effect: Effect) -> tuple[Rule, str] | None:
        """The refusal (or question) one of whose paths is `path` or below it, and that path."""
        found = self._guards[effect].get(path)
        if found is None and self._folded is not None:
            return self._folded.guard(path, effect)
        return found

    def escapes(self, path: str, target: str | None) -> bool:
        """True when a name in the directory `path` that wildcards refuse may not be refused
        once the directory is at `target`."""
        globs = [
            rule
            for effect in (Effect.DENY, Effect.ASK)
            for rules in self._globs[effect].values()
            for rule in rules
        ]
        if globs and self._folding.parts(path, target):
            return True
        return any(self._escapes(rule, path, target) for rule in globs)

    def _escapes(self, rule: Rule, path: str, target: str | None) -> bool:
        pattern = rule.pattern
        if not isinstance(pattern, Glob) or is_lifted(rule, path, self._bypasses):
            return False
        here = self._folding.after(pattern, path)
        if not here:
            return False
        if target is None or (rule.protected and any(is_within(b, target) for b in self._bypasses)):
            return True
        lifted = is_lifted(rule, target, self._bypasses)
        return lifted or not here <= self._folding.after(pattern, target)

    def standing(self, path: str, whole: bool = False) -> Standing:
        """Grants and questions at `path`; with `whole` only what holds for all below as well.

        For each right the rule on the longest path decides, and a question wins
        a tie. A question by wildcards is more specific than any path, a grant by
        wildcards less: in doubt somebody is asked. What a person granted when asked comes first.
        """
        around = self._directories.around(path)
        if self._is_plain and not (whole or self._answers or path in self._at):
            standing = around.standing(path)
            return merge(standing, path, self._wildcards(path, Effect.ALLOW))
        standing = UNKNOWN
        if self._answers:
            standing = merge(standing, path, _whole(self._answers) if whole else self._answers)
        if self._folded is not None:
            standing = self._asked_folded(standing, self._folded, path)
        if Effect.ASK._value_ in self._wild:
            standing = merge(standing, path, self._wildcards(path, Effect.ASK))
        for level in self._levels(path, around):
            standing = merge(standing, path, _whole(level) if whole else level)
        if whole:
            return standing
        return merge(standing, path, self._wildcards(path, Effect.ALLOW))

    def _asked_folded(self, standing: Standing, folded: FoldedRefusals, path: str) -> Standing:
        granted, asked, grants, found = standing
        questions = [*found]
        for rule, _ in folded.speaking(path):
            if rule.effect is Effect.ASK:
                fresh = rule.access._value_ & ~granted
                asked |= fresh
                questions.append((fresh, rule))
        return Standing(granted, asked, grants, questions)

    def creation(self, path: str, bit: int) -> Rule | None:
        """The grant or question whose own path is the parent of `path` and that has `bit`."""
        directory = parent(path)
        rules = [rule for rule in self._at.get(directory, ()) if rule.access._value_ & bit]
        for effect in (Effect.ASK, Effect.ALLOW):
            for rule in rules:
                if rule.effect is effect:
                    return rule
        return None

    def widest(self, tree: str) -> tuple[int, int]:
        """The rights that some path at or below `tree` has: granted, and granted or asked."""
        granted, asked, _, _ = self.standing(tree)
        below = self._widening.get(tree, (0, 0))
        granted, asked = granted | below[0], asked | below[1]
        rules = [r for r in self._answers for at in r.named if is_within(at, tree)]
        for effect in (Effect.ALLOW, Effect.ASK):
            for prefix, here in self._globs[effect].items():
                if is_within(prefix, tree) or is_within(tree, prefix):
                    rules += here
        granted |= _bits(rules, Effect.ALLOW)
        asked |= _bits(rules, Effect.ASK)
        return granted, granted | asked


def _whole(level: Sequence[Rule]) -> list[Rule]:
    """Less the grants that do not reach what is below their path."""
    return [
        rule for rule in level if rule.effect is Effect.ASK or isinstance(rule.pattern, Subtree)
    ]


def _bits(rules: Iterable[Rule], effect: Effect) -> int:
    bits = 0
    for rule in rules:
        if rule.effect is effect:
            bits |= rule.access._value_
    return bits
