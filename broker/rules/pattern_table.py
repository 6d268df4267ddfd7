"""Many patterns with something about each, found by the names in a path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import Generic, TypeVar

from nono.broker.rules.paths import components
from nono.broker.rules.patterns import Glob

_WILDCARDS = frozenset("*?[")
T = TypeVar("T")


class Patterns(Generic[T]):
    """Each is kept by the longest of its names that has no wildcards: a match has that name."""

    def __init__(self, patterns: Iterable[tuple[T, Glob]]) -> None:
        self._named: dict[str, list[tuple[int, T, Glob]]] = {}
        self._others: list[tuple[int, T, Glob]] = []
        for number, (each, pattern) in enumerate(patterns):
            plain = [name for name in pattern.text.split("/") if _WILDCARDS.isdisjoint(name)]
            key = max(plain, key=len, default="")
            found = self._named.setdefault(key, []) if key else self._others
            found.append((number, each, pattern))

    def about(self, path: str) -> Iterator[tuple[T, Glob]]:
        """Those that may match the path, in their order."""
        found = [*self._others]
        for name in {*components(path)}:
            found += self._named.get(name, ())
        found.sort(key=itemgetter(0))
        return ((each, pattern) for _, each, pattern in found)
