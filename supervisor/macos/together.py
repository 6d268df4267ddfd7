"""Many refused paths in few filters: how large a profile may be is known, and is not much.

A profile's text ends at 38,834 words in one form, and what it names at 65,535 bytes in one table
(both measured by others). So the paths below one directory that is opened become a tree of names,
and the tree a few expressions. Those say nothing of the directory's own path: they stand beside a
filter for it, the one that opens it. However the kernel compares that, both hold for the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import NamedTuple

from nono.broker import File, PathPattern, Subtree
from nono.broker.rules.folding import Folding
from nono.broker.rules.paths import ancestors, components, lineage, outermost, parent
from nono.broker.rules.patterns import Subtrees
from nono.shims.macos import names
from nono.shims.macos.sbpl import Every, Filter, Literal, Regex, Spelled, Subpath, some, tree

MAX_NAMED = 100
"""So many paths are named one by one, where names do not fold."""
MAX_EXPRESSION = 1000
"""Bytes, as far as one path has room in them."""
_WHOLE = "(/|$)"
_ANY_NAME = "/[^/]+"


class Refused(NamedTuple):
    """A path that is refused; `whole` with all below."""

    path: str
    whole: bool


def spoken_of(pattern: PathPattern) -> Iterator[tuple[Refused, frozenset[str]]]:
    """The paths of a pattern without wildcards, each with the trees that are left out of it."""
    match pattern:
        case File(path):
            yield Refused(path, False), frozenset()
        case Subtree(path):
            yield Refused(path, True), frozenset()
        case Subtrees(spellings):
            parted = pattern.parted()
            for path in spellings:
                yield Refused(path, True), parted.get(path, frozenset())


class Opened:
    """What grants reach: `trees` with all below, and `files`, which lie in none of them.

    With a grant by wildcards it is everything.
    """

    def __init__(self, grants: Iterable[PathPattern]) -> None:
        grants = list(grants)
        trees = {each.path for each in grants if isinstance(each, Subtree)}
        files = {each.path for each in grants if isinstance(each, File)}
        everywhere = any(not isinstance(each, File | Subtree) for each in grants)
        self.trees = outermost({"/"} if everywhere else trees)
        self.files = {each for each in files if self.trees.isdisjoint(lineage(each))}
        self._inside: dict[str, bool] = {}

    def reaches(self, path: str) -> bool:
        if path in self.files or path in self.trees:
            return True
        directory = parent(path)  # most paths that are asked for have theirs in common
        if directory not in self._inside:
            self._inside[directory] = not self.trees.isdisjoint(lineage(directory))
        return self._inside[directory]


def together(refused: Iterable[Refused], folding: Folding, opened: Opened) -> Iterator[Filter]:
    """What the refusals reach of what is opened, in every spelling where names fold."""
    given = list(dict.fromkeys(refused))
    named = list(_named(given, folding, opened))
    if len(named) <= MAX_NAMED:
        yield from (tree(path) if whole else Literal(path) for path, whole in named)
        given = [each for each in given if each not in set(named)]
    known = _Known(given, folding)
    yield from map(Literal, sorted(filter(known.refuses, opened.files)))
    by_key: dict[str, list[str]] = {}
    for directory in sorted(opened.trees):
        if known.refuses_whole(directory):
            yield tree(directory)
            continue
        if known.refuses(directory):
            yield Literal(directory)
        by_key.setdefault(_key(directory, folding), []).append(directory)
    for directory, below in known.below(by_key).items():
        yield _inside(directory, list(_written(below, _room(directory))))


def _named(given: Iterable[Refused], folding: Folding, opened: Opened) -> Iterator[Refused]:
    """Those that can be named exactly, and have to do with what is opened."""
    above = {each for path in (*opened.trees, *opened.files) for each in lineage(path)}
    for each in given:
        if folding.tree(each.path) is not None or not names.is_writable(each.path):
            continue
        if each.path in above or not opened.trees.isdisjoint(lineage(each.path)):
            yield each


class _Known:
    """Refusals by the one form of all spellings of their paths."""

    def __init__(self, refused: Iterable[Refused], folding: Folding) -> None:
        self._folding = folding
        self._files: dict[str, str] = {}
        self._whole: dict[str, str] = {}
        for path, whole in refused:
            (self._whole if whole else self._files).setdefault(_key(path, folding), path)

    def refuses(self, path: str) -> bool:
        return _key(path, self._folding) in self._files or self.refuses_whole(path)

    def refuses_whole(self, path: str) -> bool:
        """True when all that is below is refused, too."""
        return not self._whole.keys().isdisjoint(lineage(_key(path, self._folding)))

    def below(self, directories: Mapping[str, Collection[str]]) -> dict[str, _Names]:
        """What is refused below directories, which are given by their keys, as trees of names."""
        found: dict[str, _Names] = {}
        for refusals, whole in ((self._files, False), (self._whole, True)):
            for key, path in refusals.items():
                top = self._folding.tree(path)
                exact = len(components(path)) if top is None else len(components(top))
                parts = [_Name(name, n >= exact) for n, name in enumerate(components(key))]
                for above in ancestors(key):
                    for directory in directories.get(above, ()):
                        start = found.setdefault(directory, _Names())
                        start.add(parts[len(components(above)) :], whole)
        return found


def _key(path: str, folding: Folding) -> str:
    """Equal for all spellings of a path, as the file systems of macOS see them."""
    top = folding.tree(path)
    if top is None or path == top:
        return path
    start = len(top) if top != "/" else 0
    return path[:start] + "/".join(map(_fold, path[start:].split("/")))


_fold = lru_cache(4096)(names.fold)


class _Name(NamedTuple):
    name: str
    folds: bool


@dataclass(slots=True)
class _Names:
    """A directory in a tree of names: `file` if it is refused itself, `whole` with all below."""

    file: bool = False
    whole: bool = False
    below: dict[_Name, _Names] = field(default_factory=dict)

    def add(self, parts: Iterable[_Name], whole: bool) -> None:
        here = self
        for part in parts:
            if here.whole:
                return
            here = here.below.setdefault(part, _Names())
        if whole:
            here.whole, here.file = True, False
            here.below.clear()
        elif not here.whole:
            here.file = True


class _Piece(NamedTuple):
    """A part of an expression, and the paths that it is for. Exact ones are in neither list."""

    text: str
    files: tuple[tuple[str, ...], ...] = ()
    trees: tuple[tuple[str, ...], ...] = ()
    is_folded: bool = True


def _room(directory: str) -> int:
    return MAX_EXPRESSION - len(_head(directory))


def _head(directory: str) -> str:
    return "^" + _ANY_NAME * len(components(directory)) + "/"


def _inside(directory: str, pieces: Iterable[_Piece]) -> Filter:
    found = some(
        Regex(
            _head(directory) + each.text,
            Spelled(directory, frozenset(each.files), frozenset(each.trees))
            if each.is_folded
            else None,
        )
        for each in pieces
    )
    return found if directory == "/" else Every((Subpath(directory), found))


def _written(here: _Names, room: int) -> Iterator[_Piece]:
    """What is below a directory, each piece within the room as far as that goes."""
    by_ending: dict[str, list[_Piece]] = {}
    for part, below in sorted(here.below.items()):
        text, ending = _spelled(part), names.ENDING if part.folds else ""
        own = (part.name,)
        if below.whole:
            piece = _Piece(text, trees=(own,), is_folded=part.folds)
            by_ending.setdefault(ending + _WHOLE, []).append(piece)
        if below.file:
            piece = _Piece(text, files=(own,), is_folded=part.folds)
            by_ending.setdefault(ending + "$", []).append(piece)
        start = f"{text}{ending}/"
        for each in _written(below, room - len(start)):
            files, trees = (tuple((*own, *p) for p in paths) for paths in (each.files, each.trees))
            folded = each.is_folded and part.folds
            by_ending.setdefault("", []).append(_Piece(start + each.text, files, trees, folded))
    ended = [
        joined._replace(text=joined.text + ending)
        for ending, pieces in by_ending.items()
        for joined in _joined(pieces, room - len(ending))
    ]
    return _joined(ended, room)


def _joined(pieces: Iterable[_Piece], room: int) -> Iterator[_Piece]:
    """One of several, as many as there is room for."""
    group: list[_Piece] = []
    length = 1
    for piece in pieces:
        if group and length + len(piece.text.encode()) + 1 > room:
            yield _one_of(group)
            group, length = [], 1
        group.append(piece)
        length += len(piece.text.encode()) + 1
    if group:
        yield _one_of(group)


def _one_of(group: list[_Piece]) -> _Piece:
    if len(group) == 1:
        return group[0]
    return _Piece(
        f"({'|'.join(each.text for each in group)})",
        tuple(path for each in group for path in each.files),
        tuple(path for each in group for path in each.trees),
        all(each.is_folded for each in group),
    )


@cache
def _spelled(part: _Name) -> str:
    return names.folded(part.name) if part.folds else names.exactly(part.name)
