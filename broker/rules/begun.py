"""Many patterns with wildcards at once: which of them may speak of a path.

How far each is consumed at a directory is remembered, so a path costs the patterns that are
still possible in its directory, mostly none, and not all that there are. What is found here is
never less than what `Glob.matches`, `Glob.covers` and `Folding.covers` find: ask those about it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from nono.broker.rules.automaton import States
from nono.broker.rules.folding import EXACT, Folding, is_short
from nono.broker.rules.paths import lineage
from nono.broker.rules.patterns import Glob

_MAX_REMEMBERED = 4096
"""Directories; a path has up to 2048 above it."""


class _Here(NamedTuple):
    """What is known at one directory, by the numbers of the patterns."""

    open: tuple[tuple[int, States], ...]
    """Those that may match below it, and how far each of them is."""
    covered: tuple[int, ...]
    """Those that match it or a directory above it."""
    folds: bool


class Begun:
    """Patterns in an order, which is kept. May be used from any thread."""

    def __init__(self, globs: Sequence[Glob], folding: Folding = EXACT) -> None:
        self._globs = tuple(globs)
        self._folding = folding
        start = [(number, glob.names.start()) for number, glob in enumerate(self._globs)]
        covered = tuple(n for n, states in start if self._globs[n].names.accepts(states))
        self._root = _Here(tuple(start), covered, folding.tree("/") is not None)
        self._known: dict[str, _Here] = {}

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
            here = self._known[each] = _Here(open_, covered, folds)
        return here

    def _step(
        self, here: _Here, name: str
    ) -> tuple[tuple[tuple[int, States], ...], tuple[int, ...]]:
        """One name further: what may match below it, and what matches it or is above."""
        if not here.open:
            return (), here.covered
        open_, covered = [], set(here.covered)
        for number, states in here.open:
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
        return tuple(open_), here.covered if same else tuple(sorted(covered))
