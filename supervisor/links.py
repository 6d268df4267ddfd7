"""Where many paths lead, with one look at each directory instead of one at each name."""

from __future__ import annotations

import errno
import stat
from collections.abc import Collection, Sequence

from nono.broker.named_tuple import NamedTuple
from nono.broker.rules.paths import is_canonical, unknown_above
from nono.supervisor import looks
from nono.supervisor.descriptors import folded_names
from nono.supervisor.places import canonical
from nono.supervisor.walk import Followed, way

MAX_NAMES = 5_000
"""A directory with more names is not listed: looking at those that are asked for is faster."""

_ETC = "/etc"
_ABSENT = (errno.ENOENT, errno.ENOTDIR)


class InDirectories(NamedTuple):
    """Absolute paths in plain form, and the directories that they are in: the root's is ''."""

    paths: Sequence[str]
    directories: frozenset[str]

    @classmethod
    def of(cls, paths: Sequence[str]) -> InDirectories:
        return cls(paths, frozenset([each[: each.rfind("/")] for each in paths]))


class _Directory(NamedTuple):
    """Where a directory is, which names in it may be links, and which are there, both folded.

    None: any of them.
    """

    place: str
    links: Collection[str] | None
    names: Collection[str] | None = None


_NOTHING: frozenset[str] = frozenset()


class Ways:
    """Where paths in plain form lead. Remembers the directories that it has seen.

    At and below `crowded`, and in /etc, so many are asked for that directories are listed.
    """

    def __init__(self, crowded: str, followed: Followed | None = None) -> None:
        """`followed` as for `walk.way`: with a bound all but `leading` raises NotFollowedError."""
        self._followed = followed or Followed()
        self._known = {"": _Directory("", None)}
        self._crowded = (crowded, _ETC)
        self._below = crowded.rstrip("/") + "/"

    def canonical(self, path: str) -> str:
        """As `places.canonical`."""
        above, _, name = path.rpartition("/")
        place, links, _ = self._known.get(above) or self._directory(above)
        given = path if place == above else f"{place}/{name}"
        if links is not None and (not links or (name.isascii() and name.casefold() not in links)):
            return given
        return self._led(given)

    def of_any(self, path: str) -> str:
        """As `places.canonical`; what is not in plain form is not remembered."""
        return self.canonical(path) if is_canonical(path) else canonical(path)

    def leading(self, asked: InDirectories) -> dict[str, str]:
        """Of many paths those that lead elsewhere, with where: one look at each directory that is
        listed and has no link in it."""
        odd = {above for above in asked.directories if not self._is_plain(above)}
        if not odd:
            return {}
        found = {}
        for path in asked.paths:
            if path[: path.rfind("/")] in odd:
                end = self.canonical(path)
                if end != path:
                    found[path] = end
        return found

    def _led(self, path: str) -> str:
        """Where a name in a canonical directory leads."""
        self._followed.count(path.count("/"))
        try:
            is_link = stat.S_ISLNK(looks.lstat(path).st_mode)
        except OSError:
            return path
        return way(path, followed=self._followed).end if is_link else path

    def _is_plain(self, directory: str) -> bool:
        """True where every name in a directory leads to itself."""
        place, links, _ = self._known.get(directory) or self._directory(directory)
        return links is not None and not links and place == directory

    def _directory(self, path: str) -> _Directory:
        for each in unknown_above(path, self._known):
            self._known[each] = self._look(each)
        return self._known[path]

    def _look(self, path: str) -> _Directory:
        """Of a directory that is in one which is known."""
        above, _, name = path.rpartition("/")
        place, _, names = self._known[above]
        if names is not None and name.isascii() and name.casefold() not in names:
            # Not in a directory that was listed: nor is anything below.
            return _Directory(f"{place}/{name}", _NOTHING, _NOTHING)
        place = self.canonical(path).rstrip("/")
        is_listed = path in self._crowded or path.startswith(self._below)
        return _listed(place) if is_listed else _Directory(place, None)


def _listed(place: str) -> _Directory:
    """What is in a directory; None for what cannot be told for sure.

    A file system that folds names finds them by other spellings. Of ASCII those differ in case
    only; of other names nobody but the file system knows.
    """
    try:
        found = folded_names(place or "/", MAX_NAMES)
    except OSError as error:
        if error.errno in _ABSENT:
            return _Directory(place, _NOTHING, _NOTHING)
        return _Directory(place, None)
    return _Directory(place, *found)
