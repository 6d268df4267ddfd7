"""Where links lead that lie inside what is protected: `.git/hooks/pre-commit -> ../../scripts/x`.

What is run through such a link is the file that it leads to, so that is protected as the link is,
and so are the links in between. Directories are looked into near their top; all of them first get
one look, so that none with very many names keeps the others from it.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import dropwhile

from nono.broker.rules.paths import is_within, unknown_above
from nono.supervisor import looks
from nono.supervisor.descriptors import apart, directories
from nono.supervisor.links import Ways
from nono.supervisor.out_of_reach import is_out_of_reach
from nono.supervisor.places import plain_path
from nono.supervisor.planning.paths.reach import Reach
from nono.supervisor.walk import Followed, Way, way

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from nono.supervisor.kinds_of_looks import Entry

MAX_ENTRIES = 10_000
"""In all that is protected."""
_WEIGHT = 10
"""A link that leads through others counts as so many entries: each of its directories is looked
at."""
_MAX_NAMES = 1000
"""Of one directory."""
_MAX_DEPTH = 2
"""Directories, the protected one itself counted."""
_UP = ".."


def led_to(path: str, followed: Followed) -> Way:
    """Every other name on the way of a path, and where it ends: other links in their places would
    lead it elsewhere. `followed` as for `way`; where that ends, this is what it ended at."""
    with followed.ending_at(path):
        led = way(path, followed=followed)
    return led._replace(links=tuple(each for each in led.links if each != path))


class LinksInside:
    """The search through protected paths. `notes` say where there is more than is looked at, in
    what is opened."""

    def __init__(self, reach: Reach, crowded: str, followed: Followed) -> None:
        """`crowded` and `followed` as for `Ways`."""
        self._reach = reach
        self._resolve = Ways(crowded, followed).canonical
        self._followed = followed
        self.closed: Collection[str] = ()
        """Directories of which it is told already that they cannot be looked into."""
        self._there: dict[str, Collection[str] | None] = {}
        self._left = MAX_ENTRIES
        self.notes: list[str] = []
        self.passed: dict[str, str] = {}
        """What the ways of the links that were found go up from, each with such a link."""

    def search(self, spellings: Mapping[str, str]) -> dict[str, str]:
        """What links in these paths lead to and is opened, each with the path of the link. Raises
        NotFollowedError."""
        found: dict[str, str] = {}
        waiting = deque((path, 1) for path in self._may_be_directories(spellings))
        while waiting:
            directory, depth = waiting.popleft()
            if self._reach.is_named(directory):
                continue
            for entry in self._entries(directory):
                if entry.is_symlink():
                    for path in self._led_to(entry.path):
                        # What holds the link itself is no place of what it starts only.
                        if path in found or path in spellings or is_within(directory, path):
                            continue
                        if self._reach(path):
                            found[path] = entry.path
                            if depth < _MAX_DEPTH:
                                waiting.append((path, depth + 1))
                elif depth < _MAX_DEPTH and entry.is_dir(follow_symlinks=False):
                    waiting.append((entry.path, depth + 1))
        return found

    def _led_to(self, link: str) -> Sequence[str]:
        """As `led_to`, with one look at each directory where no further link is on the way."""
        place = link.rpartition("/")[0]
        try:
            names = looks.readlink(link).split("/")
        except OSError:
            return ()
        below = list(dropwhile(_UP.__eq__, names))
        end = plain_path(os.path.join(place, "/".join(names)))
        if _UP not in below and self._is_plain(link, place, end):
            return (end,)
        led = led_to(link, self._followed)
        self._left -= _WEIGHT + len(led.left)
        self.passed |= dict.fromkeys(led.left, link)
        return (*led.links, led.end)

    def _is_plain(self, link: str, *paths: str) -> bool:
        with self._followed.ending_at(link):
            return all(self._resolve(path) == path for path in paths)

    def _entries(self, directory: str) -> Sequence[Entry]:
        most = max(0, min(_MAX_NAMES, self._left))
        try:
            found, looked_at, is_cut = apart(directory, most)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError:
            is_told = directory in self.closed or is_out_of_reach(directory)
            found, looked_at, is_cut = [], 0, not is_told
        if is_cut and not self.notes and self._reach(directory):
            self.notes.append(f"{directory}: not every link in it was followed")
        self._left -= looked_at
        return found

    def _may_be_directories(self, paths: Iterable[str]) -> list[str]:
        """Without what is not there, as most is: a directory is listed once for all its names."""
        there, found = self._there, []
        for path in paths:
            above, _, name = path.rpartition("/")
            for each in unknown_above(above, there):
                there[each] = self._names(each)
            names = there[above]
            if names is None or name in names:
                found.append(path)
        return found

    def _names(self, directory: str) -> Collection[str] | None:
        """The names in a directory that may be directories; None when any of them may."""
        if directory and not self._may_be_directories((directory,)):
            return frozenset()
        try:
            return directories(directory or "/", _MAX_NAMES)
        except (FileNotFoundError, NotADirectoryError):
            return frozenset()
        except OSError:
            return None  # it may be searched and not listed
