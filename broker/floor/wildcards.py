"""Looking through the file system for what refusals by wildcards match."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from nono.broker.dataclass import replace
from nono.broker.errors import FloorTooLarge, PolicyError
from nono.broker.floor.floor import Kind, Tree
from nono.broker.rules.automaton import ANY_DEPTH, Automaton, Between, Expression, States
from nono.broker.rules.folding import EXACT, Folding
from nono.broker.rules.paths import RESERVED_TREES, child, is_within, lineage, parent, reserved_tree
from nono.broker.rules.rule import Effect, Glob, Rule, Subtree, is_lifted

MAX_ENTRIES = 1_000_000
"""How many directory entries one computation of a floor may look at: about half a second."""
_MAX_PLANS = 4096
_MAX_NAMES = 16
"""That are asked for one by one in a directory which holds no directory."""

_AllStates = tuple[States, ...]


class BoundedTree:
    """A view of the file system that lists `limit` entries in all, then raises FloorTooLarge."""

    def __init__(self, tree: Tree, limit: int) -> None:
        self._tree = tree
        self._limit = limit
        self._seen = 0
        self._kinds: dict[str, Kind | None] = {}

    def anew(self) -> BoundedTree:
        """The same, with nothing listed yet. What is where is looked at once for both."""
        made = BoundedTree(self._tree, self._limit)
        made._kinds = self._kinds
        return made

    def kind(self, path: str) -> Kind | None:
        if path not in self._kinds:
            self._kinds[path] = self._tree.kind(path)
        return self._kinds[path]

    def led(self, path: str) -> str | None:
        return self._tree.led(path)

    def may_run(self, path: str) -> bool:
        return self._tree.may_run(path)

    def scan(self, directory: str) -> list[tuple[str, bool]] | None:
        """The names in a directory, each with whether it is a directory. As `Tree.scan`.

        Those of `/` are without the reserved trees.
        """
        found = self._tree.scan(directory, self._limit - self._seen + 1)
        self._count(directory, 1 if found is None else len(found))
        if found is None:
            return None
        if directory == "/":
            return [each for each in found if f"/{each[0]}" not in RESERVED_TREES]
        return found

    def files(self, directory: str, names: Collection[str] | None) -> list[str] | None:
        """Which of these names, or of all, are in a directory that is known to hold none."""
        found = self._tree.files(directory, names) if directory != "/" else None
        if found is not None:
            self._count(directory, len(found if names is None else names))
        return found

    def _count(self, directory: str, entries: int) -> None:
        self._seen += entries
        if self._seen > self._limit:
            raise FloorTooLarge(directory, self._limit)


class _Plan:
    """What the names in a directory come to where the patterns are this far.

    Nearly all names bring no pattern further but by its `**`: those are not looked at one by one.
    """

    def __init__(self, automata: Sequence[Automaton], states: _AllStates) -> None:
        self.literal: set[str] = set()
        """The names that bring a pattern further by being spelled in it."""
        self._others: list[Between | Expression] = []
        self.rest: _AllStates = tuple(
            names.with_depths({state for state in reached if names.is_depth(state)})
            for names, reached in zip(automata, states, strict=True)
        )
        """The states at each of the names that are not `special`."""
        # `**` at the end matches every name.
        self._all = any(map(Automaton.accepts, automata, self.rest))
        for names, reached in zip(automata, states, strict=True):
            for state in reached:
                part = names.parts[state] if state < len(names.parts) else ANY_DEPTH
                if isinstance(part, str):
                    self.literal.add(part)
                elif part is not ANY_DEPTH:
                    self._others.append(part)
        # Many names are found sooner by listing.
        must_list = self._all or self._others or len(self.literal) > _MAX_NAMES
        self.asked = None if must_list else frozenset(self.literal)
        """The names of what matches, and of links that go on; None where a listing tells."""

    def special(self, names: list[str]) -> set[str]:
        """The names that have to be looked at."""
        if self._all or not names:
            return set(names)
        found = self.literal.intersection(names)
        for part in self._others:
            found.update(
                part.among(names) if isinstance(part, Between) else filter(part.fullmatch, names)
            )
        return found


class WildcardSearch:
    """All patterns at once: one walk steps the automaton of each from name to name."""

    def __init__(
        self,
        rules: Iterable[Rule],
        bypasses: tuple[str, ...],
        tree: BoundedTree,
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
        self._found: dict[tuple[str, int], Rule] = {}
        self._reached: dict[str, tuple[_AllStates, bool]] = {}
        self._plans: dict[_AllStates, _Plan] = {}
        self.led: dict[Rule, str] = {}
        """What is left of patterns where links lead that they pass through, with that directory."""
        self.passed: dict[Rule, list[tuple[str, Rule]]] = {}
        """The same, with each of these links and the pattern's rule."""
        self.unseen: dict[str, Rule] = {}
        """The directories that could not be listed, each with a rule that may match in it."""

    @property
    def found(self) -> tuple[Rule, ...]:
        """A rule for each path that a pattern was found to match."""
        return tuple(self._found.values())

    @property
    def matching(self) -> set[Rule]:
        """The rules whose patterns were found to match something."""
        return {self._rules[number][0] for _, number in self._found}

    def run(self, roots: Iterable[str], is_dead_end: Callable[[str], bool]) -> tuple[Rule, ...]:
        """A rule for each path at, above or below `roots` that a pattern matches.

        Nothing is looked for below a path that is closed already, or below a
        match unless a bypass lies there, or where it is said to be in vain.
        """
        if self._rules:
            done: set[str] = set()
            for root in sorted(roots):
                # What was done from `/` leaves out the reserved trees.
                above = set(lineage(root)) - ({"/"} if reserved_tree(root) else set())
                if done.isdisjoint(above):
                    self._walk_down(root, is_dead_end)
                    done.add(root)
        return self.found

    def _walk_down(self, root: str, is_dead_end: Callable[[str], bool]) -> None:
        states, closed = self._way_to(root)
        if not closed:
            self._walk(root, states, is_dead_end)

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

    def _walk(self, root: str, states: _AllStates, is_dead_end: Callable[[str], bool]) -> None:
        waiting = [(root, states)] if self._tree.kind(root) == "directory" else []
        while waiting:
            directory, states = waiting.pop()
            if any(states) and not is_dead_end(directory):
                waiting.extend(self._look(directory, states))

    def _look(self, directory: str, states: _AllStates) -> Iterator[tuple[str, _AllStates]]:
        """Record what matches in a directory; the directories in it below which more may."""
        plan, folds = self._plan(states), self._folding.tree(directory) is not None
        files = self._tree.files(directory, None if folds else plan.asked)
        if files is not None:
            for name in set(files) if folds else plan.special(files):
                self._look_at_file(child(directory, name), states, name, directory)
            return
        found = self._tree.scan(directory)
        if found is None:
            yield from self._look_unseen(directory, states, plan)
            return
        names = [name for name, _ in found]
        special = set(names) if folds else plan.special(names)
        for name, is_directory in found:
            if name in special and not is_directory:
                self._look_at_file(child(directory, name), states, name, directory)
            elif name in special:
                yield from self._go_into(child(directory, name), states, name, directory)
            elif is_directory:
                yield child(directory, name), plan.rest

    def _look_unseen(
        self, directory: str, states: _AllStates, plan: _Plan
    ) -> Iterator[tuple[str, _AllStates]]:
        """The same where no listing tells: only names that are known can be asked for."""
        reached = zip(self._rules, states, strict=True)
        self.unseen[directory] = next(rule for (rule, _), before in reached if before)
        for name in sorted(plan.literal):
            path = child(directory, name)
            kind = self._tree.kind(path)
            if kind == "directory":
                yield from self._go_into(path, states, name, directory)
            elif kind is not None:
                self._look_at_file(path, states, name, directory)

    def _go_into(
        self, path: str, before: _AllStates, name: str, directory: str
    ) -> Iterator[tuple[str, _AllStates]]:
        """Record a directory; it again where more in it may match."""
        after = self._step(before, name, directory)
        if not self._record(path, after):
            yield path, after

    def _look_at_file(self, path: str, before: _AllStates, name: str, directory: str) -> None:
        """Record it, and where a link leads that a pattern passes through."""
        self._record(path, self._step(before, name, directory))
        passed = [
            glob.names.passed(states) for (_, glob), states in zip(self._rules, before, strict=True)
        ]
        ahead = self._step(tuple(passed), name, directory)
        target = self._tree.led(path) if any(ahead) else None
        if target is None:
            return
        for (rule, glob), reached in zip(self._rules, ahead, strict=True):
            if reached and not glob.names.accepts(reached):
                # Most such links lead to where the pattern is that far anyway.
                for state in reached - self._folding.after(glob, target):
                    led = replace(rule, pattern=_led(glob, state, target))
                    self.led[led] = target
                    self.passed.setdefault(led, []).append((path, rule))

    def _plan(self, states: _AllStates) -> _Plan:
        plan = self._plans.get(states)
        if plan is None:
            if len(self._plans) >= _MAX_PLANS:
                self._plans.clear()
            plan = self._plans[states] = _Plan([glob.names for _, glob in self._rules], states)
        return plan

    def _step(self, states: _AllStates, name: str, directory: str) -> _AllStates:
        if self._folding.tree(directory) is None:
            return tuple(
                [
                    glob.names.step(before, name) if before else before
                    for (_, glob), before in zip(self._rules, states, strict=True)
                ]
            )
        return tuple(
            self._folding.step(glob, before, name)
            for (_, glob), before in zip(self._rules, states, strict=True)
        )

    def _record(self, path: str, states: _AllStates) -> bool:
        """Note what matches at `path`; True when nothing below needs looking at."""
        closed = False
        for number, reached in enumerate(states):
            if not reached:  # as are nearly all
                continue
            rule, glob = self._rules[number]
            if glob.names.accepts(reached) and not is_lifted(rule, path, self._bypasses):
                pattern = Subtree(path, spelled=rule.pattern.spelled)
                self._found[path, number] = replace(rule, pattern=pattern)
                closed = True
        return closed and not any(is_within(bypass, path) for bypass in self._bypasses)


def _led(glob: Glob, state: int, target: str) -> Glob | Subtree:
    """What is left of a pattern in a directory; all of that where it is too long for a pattern."""
    try:
        return Glob(glob.rest(target, state))
    except PolicyError:
        return Subtree(target, glob.text)
