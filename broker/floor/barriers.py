"""What must stay out of the floor: refusals, questions and excluded paths."""

from __future__ import annotations

from collections.abc import Iterable

from nono.broker.rules.paths import ancestors, is_within, lineage, parent
from nono.broker.rules.rule import Effect, File, Rule, Subtree, Subtrees, guarded_paths


class Barriers:
    """Paths that no rule for the kernel may reach.

    ``chain`` holds every directory above one of them: it may get no rule.
    ``closed`` trees are shut for good, ``protected`` ones but for the bypasses
    in them, ``questions`` but for grants on longer paths; ``alone`` are single
    paths whose entries are free.
    """

    def __init__(
        self, rules: Iterable[Rule], bypasses: tuple[str, ...], exclude: frozenset[str]
    ) -> None:
        self.bypasses = bypasses
        self._bypassed = frozenset(bypasses)
        self._above_bypasses = {above for path in bypasses for above in ancestors(path)}
        self._closed = set(exclude)
        self._protected: set[str] = set()
        self._questions: set[str] = set()
        self._alone: set[str] = set()
        # The root holds the reserved trees, so it never gets a rule.
        self.chain = {"/"} | {above for path in exclude for above in ancestors(path)}
        for rule in rules:
            self._add(rule)

    def _add(self, rule: Rule) -> None:
        guarded = guarded_paths(rule, self.bypasses)
        for path in guarded:
            above = parent(path)
            while above not in self.chain:
                self.chain.add(above)
                above = parent(above)
        if isinstance(rule.pattern, File):
            self._alone.update(guarded)
        elif isinstance(rule.pattern, Subtree | Subtrees):
            if rule.effect is Effect.ASK:
                self._questions.update(guarded)
            else:
                (self._protected if rule.protected else self._closed).update(guarded)

    def close(self, path: str, liftable: bool) -> None:
        """Shut a tree that wildcards have matched; ``liftable`` leaves its bypasses open."""
        self.chain.update(ancestors(path))
        (self._protected if liftable else self._closed).add(path)

    def is_shut(self, path: str) -> bool:
        """True when ``path`` is in a closed tree, or in a protected one and not bypassed."""
        bypassed = any(above in self._bypassed for above in lineage(path))
        return any(
            above in self._closed or (above in self._protected and not bypassed)
            for above in lineage(path)
        )

    def is_asked(self, path: str, grant: str) -> bool:
        """True when a question at or below the path of the grant speaks of ``path``."""
        return any(above in self._questions and is_within(above, grant) for above in lineage(path))

    def is_carved(self, path: str) -> bool:
        """True when ``path`` gets no rule though its entries may."""
        return path in self.chain or path in self._alone

    def bypasses_below(self, path: str) -> list[str]:
        """The bypasses below ``path``, itself left out."""
        if path not in self._above_bypasses:
            return []
        return [each for each in self._bypassed if each != path and is_within(each, path)]

    def is_dead_end(self, path: str) -> bool:
        """True when nothing at or below ``path`` can be in the floor through any grant."""
        return self.is_shut(path) and not self.bypasses_below(path)
