"""What must stay out of the floor: refusals, questions and excluded paths."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import chain, takewhile

from nono.broker.named_tuple import NamedTuple
from nono.broker.rules.access import Access
from nono.broker.rules.automaton import States
from nono.broker.rules.folding import Folding
from nono.broker.rules.paths import ancestors, is_within, lineage, parent
from nono.broker.rules.rule import Effect, File, Glob, Rule, Subtree, Subtrees, guarded_paths

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    _Begun = dict[str | None, list[tuple[Glob, States]]]
    """Globs that have begun to match, by the one name that each goes on with; the others by None.

    There are hundreds, and each of nearly all names is in none of them."""

_MAX_CLEAR = 4096
"""Paths that are remembered to be in no shut tree: each may have 4,096 bytes."""


class Barriers:
    """Paths that no rule for the kernel may reach.

    `chain` holds every directory above one of them: it may get no rule.
    `closed` trees are shut for good, `protected` ones but for the bypasses
    in them and what is left out of them, `questions` but for grants on longer
    paths; `alone` are single paths whose entries are free. All of them are
    kept, and asked for, folded.
    """

    def __init__(
        self,
        rules: Iterable[Rule],
        bypasses: tuple[str, ...],
        exclude: frozenset[str],
        folding: Folding,
    ) -> None:
        self.bypasses = bypasses
        self.folding = folding
        self._bypassed = frozenset(bypasses)
        # What is open in trees that are shut: bypasses, and what is left out of refusals.
        self._openings = set(bypasses)
        self._parted: dict[str, list[frozenset[str]]] = {}
        exclude = frozenset(self._keys(exclude))
        self._closed = set(exclude)
        self._protected: set[str] = set()
        self._questions: set[str] = set()
        self._alone: set[str] = set()
        self._globs: list[Glob] = []
        self._begun_at: dict[str, _Begun] = {}
        # The root holds the reserved trees, so it never gets a rule.
        self.chain = {"/"} | {above for path in exclude for above in ancestors(path)}
        self._above_openings: set[str] = set()
        self._add_all(rules)

    def with_rules(self, rules: Iterable[Rule]) -> Barriers:
        """The same with what more rules refuse. For one that nothing was closed or kept in yet."""
        made = object.__new__(Barriers)
        vars(made).update(vars(self))
        made.chain, made._openings = {*self.chain}, {*self._openings}
        made._closed, made._protected = {*self._closed}, {*self._protected}
        made._questions, made._alone = {*self._questions}, {*self._alone}
        made._parted = {tree: [*left_out] for tree, left_out in self._parted.items()}
        made._globs, made._begun_at = [*self._globs], {}
        made._add_all(rules)
        return made

    def _add_all(self, rules: Iterable[Rule]) -> None:
        self._clear: set[str] = set()
        for rule in rules:
            self._add(rule)
        self._above_openings = {above for path in self._openings for above in ancestors(path)}

    def _add(self, rule: Rule) -> None:
        guarded = self._keys(guarded_paths(rule, self.bypasses, self.folding))
        for above in {path[: path.rfind("/")] or "/" for path in guarded}:
            while above not in self.chain:
                self.chain.add(above)
                above = parent(above)
        if isinstance(rule.pattern, File):
            self._alone.update(guarded)
        elif isinstance(rule.pattern, Subtree | Subtrees):
            if rule.effect is Effect.ASK:
                self._questions.update(guarded)
            elif not rule.protected:
                self._closed.update(guarded)
            else:
                parted = self._part(rule.pattern)
                self._protected.update(set(guarded) - parted if parted else guarded)

    def _part(self, pattern: Subtree | Subtrees) -> set[str]:
        """Note what is left out of the trees of one rule; returns the trees it is left out of."""
        parted = pattern.parted() if isinstance(pattern, Subtrees) else {}
        keys = set()
        for tree, left_out in parted.items():
            keys.add(key := self._key(tree))
            self._parted.setdefault(key, []).append(left_out)
            self._openings |= left_out
        return keys

    def _keys(self, paths: Collection[str]) -> Collection[str]:
        return [self.folding.fold(path) for path in paths] if self.folding else paths

    def _key(self, path: str) -> str:
        return self.folding.fold(path) if self.folding else path

    def close(self, path: str, liftable: bool) -> None:
        """Shut a tree that wildcards have matched; `liftable` leaves its bypasses open."""
        path = self._key(path)
        self._clear.clear()
        self.chain.update(ancestors(path))
        (self._protected if liftable else self._closed).add(path)

    def is_shut(self, path: str) -> bool:
        """True when `path` is in a closed tree, or in a protected one and neither bypassed nor
        left out of it."""
        key = self._key(path)
        # Nearly all that is looked at is near none of them, and in a directory that is not either.
        around = (key,) if parent(key) in self._clear else tuple(lineage(key))
        if (
            self._closed.isdisjoint(around)
            and self._protected.isdisjoint(around)
            and self._parted.keys().isdisjoint(around)
        ):
            if len(self._clear) >= _MAX_CLEAR:
                self._clear.clear()
            self._clear.add(key)
            return False
        around = tuple(lineage(key))
        names = frozenset(lineage(path))
        bypassed = not names.isdisjoint(self._bypassed)
        return any(
            above in self._closed or (not bypassed and self._protects(above, names))
            for above in around
        )

    def _protects(self, tree: str, names: frozenset[str]) -> bool:
        """True when some rule protects this tree, and with it what has `names` as its lineage."""
        return tree in self._protected or any(
            left_out.isdisjoint(names) for left_out in self._parted.get(tree, ())
        )

    def is_asked(self, path: str, grant: str) -> bool:
        """True when a question at or below the path of the grant speaks of `path`."""
        if not self._questions:
            return False
        path, grant = self._key(path), self._key(grant)
        return any(above in self._questions and is_within(above, grant) for above in lineage(path))

    def keep(self, paths: Iterable[str]) -> None:
        """Give no rule to these directories."""
        self.chain.update(map(self._key, paths))

    def keep_names_of(self, glob: Glob) -> None:
        """Give no rule to the directories in which a name may come to be that the glob matches."""
        self.chain.update(lineage(self._key(glob.prefix)))
        self._globs.append(glob)
        self._begun_at.clear()

    def is_carved(self, path: str) -> bool:
        """True when `path` gets no rule though its entries may."""
        key = self._key(path)
        return key in self.chain or key in self._alone or self._may_hold_names(path)

    def _may_hold_names(self, path: str) -> bool:
        key = self._key(path)
        begun = chain.from_iterable(self._begun(path).values())
        return any(is_within(key, self._key(glob.prefix)) for glob, _ in begun)

    def _begun(self, path: str) -> _Begun:
        """The globs that may match at `path` or below, and how far each of them is there."""
        unknown = [*takewhile(lambda each: each not in self._begun_at, lineage(path))]
        for each in reversed(unknown):
            found = self._begun_at[each] = {}
            for glob, states in self._begin(each):
                if states:
                    found.setdefault(glob.names.only(states), []).append((glob, states))
        return self._begun_at[path]

    def _begin(self, path: str) -> list[tuple[Glob, States]]:
        """The same, of a path that is in a directory which is known."""
        if path == "/":
            return [(glob, glob.names.start()) for glob in self._globs]
        above, name = parent(path), path[path.rfind("/") + 1 :]
        before = self._begun_at[above]
        if self.folding.tree(above) is None:
            near = (*before.get(name, ()), *before.get(None, ()))
            return [(glob, glob.names.step(states, name)) for glob, states in near]
        every = chain.from_iterable(before.values())
        return [(glob, self.folding.step(glob, states, name)) for glob, states in every]

    def openings_below(self, path: str) -> list[str]:
        """What is open below `path`, itself not counted, although `path` may be shut."""
        if path not in self._above_openings:
            return []
        return [each for each in self._openings if each != path and is_within(each, path)]

    def is_dead_end(self, path: str) -> bool:
        """True when nothing at or below `path` can be in the floor through any grant."""
        return self.is_shut(path) and not self.openings_below(path)


class BothBarriers(NamedTuple):
    """What stands before each part of a grant.

    `sight` is before READ and EXECUTE: what some rule refuses to show or to run, or asks about.
    `change` is before WRITE and is never less: what may be renamed escapes every refusal.
    So a refusal of changes alone is no barrier before what is only looked at.
    """

    sight: Barriers
    change: Barriers

    @classmethod
    def of(
        cls,
        rules: tuple[Rule, ...],
        bypasses: tuple[str, ...],
        exclude: frozenset[str],
        folding: Folding,
    ) -> BothBarriers:
        """One and the same where no rule stands before changes alone."""
        refusing = [rule for rule in rules if rule.effect is not Effect.ALLOW]
        of_changes = [rule for rule in refusing if rule.only_of_changes]
        whole = [rule for rule in refusing if not rule.only_of_changes]
        sight = Barriers(whole, bypasses, exclude, folding)
        if not of_changes and not any(isinstance(rule.pattern, Glob) for rule in whole):
            return cls(sight, sight)
        return cls(sight, sight.with_rules(of_changes))

    def before(self, access: Access) -> tuple[tuple[Access, Barriers], ...]:
        """The parts of an access that have barriers of their own."""
        if self.sight is self.change:
            return ((access, self.change),)
        return ((access & ~Access.WRITE, self.sight), (access & Access.WRITE, self.change))

    def keep_names(self, rules: Iterable[Rule]) -> None:
        """Shut every tree for changes in which wildcards may refuse a name that is not there yet.

        What the kernel lets a program create or rename there would get such a name.
        """
        for rule in rules:
            if not isinstance(rule.pattern, Glob):
                continue
            for prefix in guarded_paths(rule, self.change.bypasses, self.change.folding):
                if rule.pattern.is_of_any_depth:
                    self.change.close(prefix, rule.protected and rule.effect is Effect.DENY)
                else:
                    self.change.keep_names_of(rule.pattern)

    def close(self, rule: Rule, path: str, liftable: bool) -> None:
        """Shut the tree at `path` for what the rule stands before."""
        for each in {self.change} if rule.only_of_changes else {self.sight, self.change}:
            each.close(path, liftable)

    def keep(self, paths: Iterable[str]) -> None:
        """Give no rule to these directories, for any part of a grant."""
        for each in (self.sight, self.change):
            each.keep(paths)
