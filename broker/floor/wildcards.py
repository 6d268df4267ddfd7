"""Looking through the file system for what refusals by wildcards match."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from nono.broker.errors import FloorTooLarge
from nono.broker.floor.floor import Kind, Tree
from nono.broker.rules.automaton import States
from nono.broker.rules.folding import EXACT, Folding
from nono.broker.rules.paths import RESERVED_TREES, child, is_within, lineage, parent
from nono.broker.rules.rule import Effect, Glob, Rule, Subtree, is_lifted

MAX_ENTRIES = 200_000
"""How many directory entries one computation of a floor may look at."""

_AllStates = tuple[States, ...]


class BoundedTree:
    """A view of the file system that lists `limit` entries in all, then raises FloorTooLarge."""

    def __init__(self, tree: Tree, limit: int) -> None:
        self._tree = tree
        self._limit = limit
        self._seen = 0

    def kind(self, path: str) -> Kind | None:
        return self._tree.kind(path)

    def children(self, directory: str) -> list[str]:
        """The paths of a directory's entries. Those of `/` are without the reserved trees."""
        names = self._tree.entries(directory)
        self._seen += len(names)
        if self._seen > self._limit:
            raise FloorTooLarge(directory, self._limit)
        return [path for name in names if (path := child(directory, name)) not in RESERVED_TREES]


class WildcardSearch:
    """All patterns at once: one walk steps the automaton of each from name to name."""

    def __init__(
        self,
        rules: Iterable[Rule],
        bypasses: tuple[str, ...],
        tree: BoundedTree,
        is_dead_end: Callable[[str], bool],
        folding: Folding = EXACT,
    ) -> None:
        self._folding = folding
        self._rules: list[tuple[Rule, Glob]] = [
            (rule, rule.pattern)
            for rule in rules
            if rule.effect is not Effect.ALLOW and isinstance(rule.pattern, Glob)
        ]
        self._bypasses = bypasses
        self._tree = tree
        self._is_dead_end = is_dead_end
        self._found: dict[tuple[str, int], Rule] = {}
        self._reached: dict[str, tuple[_AllStates, bool]] = {}

    def run(self, roots: Iterable[str]) -> tuple[Rule, ...]:
        """A rule for each path at, above or below `roots` that a pattern matches.

        Nothing is looked for below a path that is closed already, or below a
        match unless a bypass lies there.
        """
        if self._rules:
            done: list[Subtree] = []
            for root in sorted(roots):
                if not any(earlier.matches(root) for earlier in done):
                    self._walk_down(root)
                    done.append(Subtree(root))
        return tuple(self._found.values())

    def _walk_down(self, root: str) -> None:
        states, closed = self._way_to(root)
        if not closed:
            self._walk(root, states)

    def _way_to(self, path: str) -> tuple[_AllStates, bool]:
        """The states at a path, and whether a match at or above it closes it.

        Most roots have their first directories in common, which are stepped through once.
        """
        unknown = [each for each in lineage(path) if each not in self._reached]
        for each in reversed(unknown):
            if each == "/":
                states: _AllStates = tuple(glob.names.start() for _, glob in self._rules)
                closed = False
            else:
                above = parent(each)
                before, closed = self._reached[above]
                states = self._step(before, each[each.rfind("/") + 1 :], above)
            self._reached[each] = states, self._record(each, states) or closed
        return self._reached[path]

    def _walk(self, root: str, states: _AllStates) -> None:
        waiting = [(root, states)]
        while waiting:
            directory, states = waiting.pop()
            if not any(states) or self._is_dead_end(directory):
                continue
            if self._tree.kind(directory) != "directory":
                continue
            for path in self._tree.children(directory):
                after = self._step(states, path[path.rfind("/") + 1 :], directory)
                if not self._record(path, after):
                    waiting.append((path, after))

    def _step(self, states: _AllStates, name: str, directory: str) -> _AllStates:
        if self._folding.tree(directory) is None:
            return tuple(
                glob.names.step(before, name) if before else before
                for (_, glob), before in zip(self._rules, states, strict=True)
            )
        return tuple(
            self._folding.step(glob, before, name)
            for (_, glob), before in zip(self._rules, states, strict=True)
        )

    def _record(self, path: str, states: _AllStates) -> bool:
        """Note what matches at `path`; True when nothing below needs looking at."""
        closed = False
        for number, ((rule, glob), reached) in enumerate(zip(self._rules, states, strict=True)):
            if glob.names.accepts(reached) and not is_lifted(rule, path, self._bypasses):
                pattern = Subtree(path, spelled=rule.pattern.spelled)
                self._found[path, number] = replace(rule, pattern=pattern)
                closed = True
        return closed and not any(is_within(bypass, path) for bypass in self._bypasses)
