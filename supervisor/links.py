"""Where many paths lead, with one look at each directory instead of one at each name."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence

from nono.broker.named_tuple import NamedTuple
from nono.broker.rules.paths import unknown_above
from nono.supervisor.descriptors import scandir
from nono.supervisor.places import canonical

MAX_NAMES = 5_000
"""A directory with more names is not listed: looking at those that are asked for is faster."""

_ABSENT = (errno.ENOENT, errno.ENOTDIR)


ByDirectory = Sequence[tuple[str, Sequence[str]]]
"""Absolute paths in plain form, by the directories that they are in: the root's is ''."""


class _Directory(NamedTuple):
    """Where a directory is, and which names in it may be links, folded; None: any of them."""

    place: str
    links: frozenset[str] | None


class Ways:
    """Where paths in plain form lead. Remembers the directories that it has seen.

    At and below `crowded` so many paths are asked for that directories are listed.
    """

    def __init__(self, crowded: str) -> None:
        self._known = {"": _Directory("", None)}
        self._crowded = crowded
        self._below = crowded.rstrip("/") + "/"

    def canonical(self, path: str) -> str:
        """As `places.canonical`."""
        above, _, name = path.rpartition("/")
        place, links = self._known.get(above) or self._directory(above)
        given = path if place == above else f"{place}/{name}"
        if links is not None and (not links or name.casefold() not in links):
            return given
        return _followed(given)

    def leading(self, paths: ByDirectory) -> dict[str, str]:
        """Of many paths, each in the directory that it is given with, those that lead elsewhere,
        with where: one look at each directory that is listed and has no link in it."""
        found = {}
        for above, here in paths:
            place, links = self._known.get(above) or self._directory(above)
            if place == above and links is not None and not links:
                continue
            for path in here:
                end = self.canonical(path)
                if end != path:
                    found[path] = end
        return found

    def _directory(self, path: str) -> _Directory:
        for each in unknown_above(path, self._known):
            self._known[each] = self._look(each)
        return self._known[path]

    def _look(self, path: str) -> _Directory:
        """Of a directory that is in one which is known."""
        place = self.canonical(path).rstrip("/")
        is_listed = path == self._crowded or path.startswith(self._below)
        return _Directory(place, _links(place or "/") if is_listed else None)


def _followed(path: str) -> str:
    """Where a name in a canonical directory leads."""
    try:
        is_link = stat.S_ISLNK(os.lstat(path).st_mode)
    except OSError:
        return path
    return canonical(path) if is_link else path


def _links(directory: str) -> frozenset[str] | None:
    """The names of the symbolic links in a directory; None when that cannot be told for sure.

    A file system that folds names finds a link by other spellings of its name. Of ASCII those
    differ in case only; of other names nobody but the file system knows.
    """
    found = set()
    try:
        with scandir(directory) as entries:
            for count, entry in enumerate(entries):
                if count >= MAX_NAMES:
                    return None
                if entry.is_symlink():
                    if not entry.name.isascii():
                        return None
                    found.add(entry.name.casefold())
    except OSError as error:
        return frozenset() if error.errno in _ABSENT else None
    return frozenset(found)
