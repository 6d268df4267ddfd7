"""From the patterns of rules to Seatbelt's filters. Grants are exact, refusals never less."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from nono.broker import File, Glob, PathPattern, Subtree
from nono.broker.rules.folding import Folding, folded_name
from nono.broker.rules.paths import RESERVED_TREES, child, is_within, lineage
from nono.broker.rules.patterns import Subtrees
from nono.shims.macos.sbpl import (
    Filter,
    Literal,
    Some,
    Subpath,
    some,
    tree,
    without,
)
from nono.supervisor.macos.expressions import expression_of
from nono.supervisor.macos.together import Opened, Refused, spoken_of, together

_GUARDED = -1
"""The kind of what is refused to those who would move it."""
_RESERVED = some(tree(path) for path in sorted(RESERVED_TREES))


def granted(pattern: PathPattern) -> Filter:
    """What a grant on the pattern reaches. Raises ValueError where that cannot be said exactly."""
    match pattern:
        case File(path):
            return Literal(path)
        case Subtree("/"):
            return without(Some((Literal("/"), Subpath("/"))), [_RESERVED])
        case Subtree(path):
            return tree(path)
        case Glob(text):
            found = expression_of(text, exact=True, below=False)
            inside = any(is_within(pattern.prefix, each) for each in RESERVED_TREES)
            return found if inside else without(found, [_RESERVED])
        case Subtrees():
            raise TypeError("many trees are only refused together")


class _Place(enum.Enum):
    """Where a directory is: `INSIDE` of what is granted, `ABOVE` some of that, or `AWAY`."""

    INSIDE = enum.auto()
    ABOVE = enum.auto()
    AWAY = enum.auto()


class Reach:
    """What has to do with what is granted: a refusal elsewhere refuses nothing.

    Names are compared folded, wherever they are: too much is refused then, never too little.
    """

    def __init__(self, grants: Iterable[PathPattern]) -> None:
        self.opened = Opened(grants)
        self._trees = set(map(_fold, self.opened.trees))
        opened = (*self.opened.trees, *self.opened.files)
        self._above = {_fold(each) for path in opened for each in lineage(path)}
        self._places: dict[str, _Place] = {}
        self._written: dict[tuple[Folding, tuple[Refused, ...]], list[Filter]] = {}

    def is_near(self, path: str) -> bool:
        """True unless it is certain that the path is neither in what is granted nor above it.

        There are thousands of them in a few directories, most of which are away.
        """
        end = 0
        while True:
            above = path[:end] or "/"
            place = self._places.get(above)
            if place is None:
                place = self._places[above] = self._place(above)
            if place is not _Place.ABOVE or above == path:
                return place is not _Place.AWAY
            end = path.find("/", end + 1)
            if end < 0:
                end = len(path)

    def near(self, pattern: PathPattern) -> PathPattern:
        """What of a refusal may have to do with what is granted."""
        if not isinstance(pattern, Subtrees):
            return pattern
        return replace(
            pattern, spellings={p: s for p, s in pattern.spellings.items() if self.is_near(p)}
        )

    def _place(self, path: str) -> _Place:
        """Of one that lies in no directory that is granted."""
        folded = _fold(path)
        if folded in self._trees:
            return _Place.INSIDE
        return _Place.ABOVE if folded in self._above else _Place.AWAY

    def together(self, refused: Iterable[Refused], folding: Folding) -> list[Filter]:
        """As the function; what several operations refuse is written once."""
        key = folding, tuple(refused)
        if key not in self._written:
            self._written[key] = list(together(key[1], folding, self.opened))
        return self._written[key]

    def touches(self, pattern: Glob) -> bool:
        """True unless it is certain that the pattern matches nothing that is granted or above."""
        if not self._trees.isdisjoint(lineage(_fold(pattern.prefix))):
            return True
        if not pattern.text.startswith("/"):
            return True
        names = pattern.text[len(pattern.prefix.rstrip("/")) + 1 :].split("/")
        if "**" in names or "[" in names[0]:
            return True
        start = _fold(child(pattern.prefix, re.split("[*?]", names[0])[0]))
        return any(path.startswith(start) for path in self._above)


def _fold(path: str) -> str:
    return "/".join(map(folded_name, path.split("/")))


class Refusals:
    """What several rules refuse, as far as it matters to a grant: `add` them, and take `filters`.

    Where names fold, it is refused in every spelling. What is added as one kind comes in the same
    filters whatever else is added, so that operations share them.
    """

    def __init__(self, folding: Folding, reach: Reach | None = None) -> None:
        """`reach` of all grants: without it they are everywhere."""
        self._folding = folding
        self._reach = reach or Reach([Subtree("/")])
        self._paths: dict[tuple[int, frozenset[str]], list[Refused]] = {}
        self._others: dict[Filter, None] = {}

    def add(self, pattern: PathPattern, left_out: Iterable[str] = (), kind: int = 0) -> None:
        """Also what a pattern covers, but for what is in trees that are left out of it."""
        out = frozenset(left_out)
        if isinstance(pattern, Glob):
            if self._reach.touches(pattern):
                whole = expression_of(pattern.text, exact=not self._folding, below=True)
                self._others[without(whole, map(tree, sorted(out)))] = None
            return
        for refused, parted in spoken_of(pattern):
            self._paths.setdefault((kind, out | parted), []).append(refused)

    def guard(self, paths: Mapping[str, frozenset[str]]) -> None:
        """Also these, each but for what is in trees that are left out, where nothing that was
        added refuses them or what is above with all below."""
        whole = {
            each.path
            for (_, out), refused in self._paths.items()
            for each in refused
            if each.whole and not out
        }
        for path, out in paths.items():
            if whole.isdisjoint(lineage(path)):
                self._paths.setdefault((_GUARDED, out), []).append(Refused(path, False))

    def filters(self) -> list[Filter]:
        """One of them holds for what is refused."""
        found: dict[Filter, None] = {}
        for (_, out), refused in self._paths.items():
            left_out = [tree(path) for path in sorted(out)]
            for part in self._reach.together(refused, self._folding):
                found[without(part, left_out)] = None
        return [*found, *self._others]
