"""Directories in which names that differ in case are the same, compared as there.

Which they are is found at the start; here they are data. What is equal for any of those file
systems is equal here, so a refusal may reach a name too many and never one too few. Grants are
exact everywhere. Sources: utf8data of the kernel's fs/unicode (NFDICF: folding, decomposition,
ignorable code points), vfat (trailing dots, 8.3 names), the Unicode Character Database
(Default_Ignorable_Code_Point).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from nono.broker.compiled import pattern_of
from nono.broker.rules.automaton import States
from nono.broker.rules.paths import ancestors, components, is_within, lineage
from nono.broker.rules.patterns import Glob

_IGNORABLE = (
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_ENDED = pattern_of("[. ](?:/|$)")
"""A name in a path that ends with what some file systems leave out."""
_SHORT = r"[^.]{0,7}~[0-9]{1,6}(\..{0,3})?"
"""A name as MS-DOS knows it, which may stand for any other in its directory."""


@lru_cache(maxsize=65536)
def folded_name(name: str) -> str:
    """Equal for two names that some file system takes for the same."""
    if name.isascii():
        folded = name.lower()
    else:
        import unicodedata  # which most names do without

        decomposed = unicodedata.normalize("NFD", pattern_of(_IGNORABLE).sub("", name))
        folded = unicodedata.normalize("NFD", decomposed.upper().casefold())
        folded = pattern_of(_IGNORABLE).sub("", folded)
    return folded.rstrip(". ") or folded or name


def is_short(name: str) -> bool:
    """True for a name that may be another's short form."""
    return pattern_of(_SHORT).fullmatch(name) is not None


@lru_cache(16384)
def _step(text: str, states: States, name: str) -> States:
    """Paths that are looked at together have most of their names in common."""
    after = _glob(text).names.step(states, name)
    for folded in _with_endings(name) if name[-1] in ". " else (folded_name(name),):
        after |= _folded_glob(text).names.step(states, folded)
    return after


def _with_endings(name: str) -> Iterator[str]:
    """The folded name with less and less of what some file systems leave out at its end."""
    start = len(name.rstrip(". ")) or 1
    yield from (folded_name(name[:start]) + name[start:end] for end in range(start, len(name) + 1))


_glob = lru_cache(1024)(Glob)


@lru_cache(maxsize=1024)
def _folded_glob(text: str) -> Glob:
    """What matches the folded names of what `text` matches. Its parts are the same in number."""
    rooted = text if text.startswith("/") else f"/**/{text}"
    return Glob("/".join(map(folded_name, rooted.removesuffix("/").split("/"))))


class Folding:
    """The trees in which names are compared folded; none costs nothing: test for truth first."""

    def __init__(self, trees: Iterable[str] = ()) -> None:
        known = set(trees)
        self.trees = frozenset(t for t in known if known.isdisjoint(ancestors(t)))

    def __bool__(self) -> bool:
        return bool(self.trees)

    def tree(self, path: str) -> str | None:
        """The tree that a canonical path is or lies in, if any."""
        if not self.trees or "/" in self.trees:
            return "/" if self.trees else None
        return next((each for each in lineage(path) if each in self.trees), None)

    def fold(self, path: str) -> str:
        """A key for the path: equal for all that may name the same object below a tree."""
        top = self.tree(path)
        if top is None or path == top:
            return path
        start = len(top) if top != "/" else 0
        if path.isascii() and _ENDED.search(path, start) is None:  # nearly all, and there are many
            return path[:start] + path[start:].lower()
        return path[:start] + "/".join(map(folded_name, path[start:].split("/")))

    def short_names(self, path: str) -> list[str]:
        """The directories in which a name of the path may be another's short form."""
        top = self.tree(path)
        if top is None or "~" not in path:
            return []
        return [
            directory
            for each, directory in zip(lineage(path), ancestors(path), strict=False)
            if is_within(directory, top) and is_short(each[each.rfind("/") + 1 :])
        ]

    def covers(self, glob: Glob, path: str) -> bool:
        """True when the path or one above it matches, or may, under a folded name."""
        top = self.tree(path)
        if top is None:
            return False
        names = glob.names
        states = names.after(components(top))
        for name in components(path)[len(components(top)) :]:
            if not states:
                return False
            if is_short(name):
                return True
            states = self.step(glob, states, name)
            if names.accepts(states):
                return True
        return False

    def after(self, glob: Glob, path: str) -> States:
        """How far the pattern is consumed by a path, folded where names are."""
        top = self.tree(path)
        if top is None:
            return glob.names.after(components(path))
        states = glob.names.after(components(top))
        for name in components(path)[len(components(top)) :]:
            states = self.step(glob, states, name)
        return states

    def step(self, glob: Glob, states: States, name: str) -> States:
        """One name further, in a directory that folds."""
        return _step(glob.text, states, name)

    def parts(self, path: str, target: str | None) -> bool:
        """True when a directory at `path` would leave, or take away, a tree by a move."""
        from_tree = self.tree(path)
        if from_tree is not None and path != from_tree:
            return target is None or not is_within(target, from_tree)
        return any(is_within(each, path) for each in self.trees)


EXACT = Folding()
"""No directory folds."""
