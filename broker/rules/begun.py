"""Many patterns with wildcards at once: which of them may speak of a path.

How far each is consumed at a directory is remembered, so a path costs the patterns that are
still possible in its directory, mostly none, and not all that there are. What is found here is
never less than what `Glob.matches`, `Glob.covers` and `Folding.covers` find: ask those about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from operator import itemgetter

from nono.broker.rules.automaton import Between, States
from nono.broker.rules.folding import EXACT, Folding, is_short
from nono.broker.rules.paths import lineage
from nono.broker.rules.patterns import Glob

_MAX_REMEMBERED = 4096
"""Directories; a path has up to 2048 above it."""

_MAX_SHARED = 16

_Open = tuple[int, States]
"""The number of a pattern that may match below a directory, and how far it is there."""


class _Next:
    """Which of the open patterns a name in a directory can bring further: mostly none."""

    __slots__ = ("_between", "_ends", "_named", "_others", "_starts")

    def __init__(self, globs: Sequence[Glob], open_: Sequence[_Open]) -> None:
        self._named: dict[str, list[_Open]] = {}
        self._between: list[_Open] = []
        self._others: list[_Open] = []
        starts, ends = set[str](), set[str]()
        for each in open_:
            number, states = each
            parts = globs[number].names.parts
            (state, *more) = states
            part = None if more or state == len(parts) else parts[state]
            if isinstance(part, str):
                self._named.setdefault(part, []).append(each)
            elif isinstance(part, Between) and (part.start or part.end):
                self._between.append(each)
                (starts if part.start else ends).add(part.start or part.end)
            elif more or state < len(parts):
                self._others.append(each)
        self._starts, self._ends = tuple(starts), tuple(ends)

    def candidates(self, name: str) -> Iterator[_Open]:
        """Those that the name may bring further, in no order."""
        yield from self._others
        yield from self._named.get(name, ())
        if self._between and (name.startswith(self._starts) or name.endswith(self._ends)):
            yield from self._between


class _Here:
    """What is known at one directory, by the numbers of the patterns."""

    __slots__ = ("covered", "folds", "next", "open")

    def __init__(
        self, open_: tuple[_Open, ...], covered: tuple[int, ...], folds: bool, next_: _Next
    ) -> None:
        self.open = open_
        self.covered = covered
        """Those that match it or a directory above it."""
        self.folds = folds
        self.next = next_


class Begun:
    """Patterns in an order, which is kept. May be used from any thread."""

    def __init__(self, globs: Sequence[Glob], folding: Folding = EXACT) -> None:
        self._globs = tuple(globs)
        self._folding = folding
        self._nexts: dict[tuple[_Open, ...], _Next] = {}
        self._known: dict[str, _Here] = {}
        start = tuple((number, glob.names.start()) for number, glob in enumerate(self._globs))
        covered = tuple(n for n, states in start if self._globs[n].names.accepts(states))
        self._root = self._here(start, covered, folding.tree("/") is not None)

    def speaking(self, path: str) -> Sequence[int]:
        """The numbers of the patterns that may match a canonical path, or one above it."""
        if path == "/":
            return self._root.covered
        slash = path.rfind("/")
        directory = path[:slash]
        here = self._known.get(directory)
        if here is None:
            here = self._at(directory)
        if not here.open:
            return here.covered
        return self._step(here, path[slash + 1 :])[1]

    def _at(self, directory: str) -> _Here:
        """`directory` is written '' for the root. Not recursive: a path may have 2048 names."""
        if not directory:
            return self._root
        if len(self._known) > _MAX_REMEMBERED:
            self._known.clear()
        unknown = []
        here = self._root
        for each in lineage(directory):
            found = self._known.get(each)
            if found is not None:
                here = found
                break
            if each != "/":
                unknown.append(each)
        for each in reversed(unknown):
            open_, covered = self._step(here, each[each.rfind("/") + 1 :])
            folds = here.folds or each in self._folding.trees
            here = self._known[each] = self._here(open_, covered, folds)
        return here

    def _here(self, open_: tuple[_Open, ...], covered: tuple[int, ...], folds: bool) -> _Here:
        if len(self._nexts) > _MAX_REMEMBERED:
            self._nexts.clear()
        next_ = self._nexts.get(open_)
        if next_ is None:
            next_ = self._nexts[open_] = _Next(self._globs, open_)
        return _Here(open_, covered, folds, next_)

    def _step(self, here: _Here, name: str) -> tuple[tuple[_Open, ...], tuple[int, ...]]:
        """One name further: what may match below it, and what matches it or is above."""
        if not here.open:
            return (), here.covered
        open_: list[_Open] = []
        covered = set(here.covered)
        for number, states in here.open if here.folds else here.next.candidates(name):
            names = self._globs[number].names
            if not here.folds:
                after = names.step(states, name)
            else:
                after = self._folding.step(self._globs[number], states, name)
                if is_short(name):
                    covered.add(number)
            if after:
                open_.append((number, after))
                if names.accepts(after):
                    covered.add(number)
        same = len(covered) == len(here.covered)
        return tuple(sorted(open_, key=itemgetter(0))), here.covered if same else tuple(
            sorted(covered)
        )


@lru_cache(_MAX_SHARED)
def begun(globs: tuple[Glob, ...]) -> Begun:
    """The same for all policies of a process that have these patterns, where no names fold."""
    return Begun(globs)


@lru_cache(_MAX_SHARED)
def held_once(refused: tuple[tuple[Glob, int], ...]) -> tuple[tuple[Glob, int], ...]:
    """The patterns and rights, as the first who had them holds them."""
    return refused
