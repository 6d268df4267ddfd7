"""Where many paths lead, with one look at each directory instead of one at each name."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable

from nono.broker.named_tuple import NamedTuple
from nono.supervisor.places import canonical

MAX_NAMES = 5_000
"""A directory with more names is not listed: looking at those that are asked for is faster."""

_ABSENT = (errno.ENOENT, errno.ENOTDIR)


class _Directory(NamedTuple):
    """Where a directory is, and which names in it may be links, folded; None: any of them."""

    place: str
    links: frozenset[str] | None


def canonical_of_many(crowded: str) -> Callable[[str], str]:
    """A function that is `canonical` for paths in plain form, and remembers what it has seen.

    At and below `crowded` so many paths are asked for that directories are listed.
    """
    known = {"": _Directory("", None)}
    below = crowded.rstrip("/") + "/"

    def directory(path: str) -> _Directory:
        place = resolve(path).rstrip("/")
        is_listed = path == crowded or path.startswith(below)
        found = known[path] = _Directory(place, _links(place or "/") if is_listed else None)
        return found

    def resolve(path: str) -> str:
        above, _, name = path.rpartition("/")
        place, links = known.get(above) or directory(above)
        given = path if place == above else f"{place}/{name}"
        if links is not None and (not links or name.casefold() not in links):
            return given
        return _followed(given)

    return resolve


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
        with os.scandir(directory) as entries:
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
