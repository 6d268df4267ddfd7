"""The way that a path leads, one link after the other, as the kernel follows it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import takewhile

from nono.broker import is_within
from nono.broker.named_tuple import NamedTuple
from nono.supervisor import looks

_MAX_LINKS = 40
"""The kernel follows no more of them in one path: path_resolution(7)."""
PATH_MAX = 4096
"""Bytes: limits.h. The kernel takes no longer one, from git either."""
_MAX_PATH = 4 * PATH_MAX
"""For all that a path is put together of: no longer one leads anywhere."""
_UP = ".."

_MAX_SEEN = 4000
"""Places that are remembered at a time: each may have a path of 4,096 bytes."""
MAX_FOLLOWED = 10_000_000
"""Names that one search looks at for the ways it follows: two seconds, or 50,000 usual links."""
_STEP = 8
"""A step without a look takes as long as so many names of a path that the kernel looks up."""


class NotFollowedError(Exception):
    """The ways of one search lead further than they are followed."""


class Followed:
    """What the ways of one search have seen, and how many names they may still look at.

    Of a path that is looked at all names count, as the kernel looks up each. It is for one start:
    what is no link now may be one at the next.
    """

    def __init__(self, most: float = float("inf")) -> None:
        self._left = most
        self._seen: dict[str, str | None] = {}
        self.ended: str | None = None
        """The first link that was not followed to its end."""

    def count(self, names: int) -> None:
        """So many are looked at. Raises NotFollowedError where that is too many."""
        self._left -= names
        if self._left < 0:
            raise NotFollowedError

    @contextmanager
    def ending_at(self, what: str) -> Iterator[None]:
        """Where it ends meanwhile, it has ended at this, if not at something before."""
        try:
            yield
        except NotFollowedError:
            self.ended = self.ended or what
            raise

    def target(self, place: str) -> str | None:
        """None for what is no link, empty for what is not there. Raises NotFollowedError."""
        if place not in self._seen:
            self.count(place.count("/"))
            if len(self._seen) >= _MAX_SEEN:
                self._seen.clear()
            self._seen[place] = _target(place)
        return self._seen[place]

    def furthest(self, here: str, names: list[str]) -> str:
        """Take those of the next names away that lead through directories seen before. Raises
        NotFollowedError."""
        if not self._seen:
            return here
        run = list(takewhile(_UP.__ne__, reversed(names)))[:-1]
        self.count(len(run))
        above = "/".join([here.rstrip("/"), *run])
        if not run or self._seen.get(above, "") is not None:
            return here
        del names[-len(run) :]
        return above


class Way(NamedTuple):
    """`end` is the canonical path; `links` are those passed, each by its place, in their order.

    A place is the canonical path of the directory that holds the link, and the link's own name.
    `left` are the canonical paths that `..` goes up from, there or not: all but those that hold the
    end or a link, which nobody moves who may not change that.
    """

    end: str
    links: tuple[str, ...]
    left: tuple[str, ...] = ()

    @property
    def passed(self) -> tuple[str, ...]:
        """All that the way hangs on but its end: with another link in the place of one of these, it
        leads elsewhere. Each is refused by itself (File): what is in it is no part of the way."""
        return self.links + self.left


def way(path: str, named: list[str] | None = None, followed: Followed | None = None) -> Way:
    """The way of an absolute path, whether or not it exists. Raises NotFollowedError where what is
    `followed` has a bound.

    `named` gets the places, each with what the path names by way of that link; `followed` remembers
    for further paths where a place leads.

    What another process changes meanwhile cannot part the two: `end` is where the links lead that
    were seen. Whether it still has none on its way is for whoever opens it to find out.
    """
    if len(path) > _MAX_PATH:
        return Way(os.path.normpath(path), ())
    links: list[str] = []
    left: dict[str, None] = {}
    followed = followed or Followed()
    here, names, missing, is_new = "/", _names(path), "", True
    while names:
        if is_new and not missing:
            here, is_new = followed.furthest(here, names), False
        name = names.pop()
        followed.count(_STEP)
        if name == _UP:
            left[here] = None
            here, is_new = os.path.dirname(here), True
            missing = missing if is_within(here, missing) else ""
            continue
        place = os.path.join(here, name)
        # In what is not there no link is, however long the path.
        target = followed.target(place) if not missing and len(links) < _MAX_LINKS else None
        if not target:
            here = place
            missing = place if target == "" else missing
            continue
        links.append(place)
        if named is not None:
            named += dict.fromkeys((place, by_way_of(place, names)))
        here, is_new = "/" if target.startswith("/") else here, True
        names += _names(target)
    links = [*dict.fromkeys(links)]
    return Way(here, tuple(links), _parted(left, (here, *links)))


def _parted(left: Iterable[str], kept: Iterable[str]) -> tuple[str, ...]:
    """Those that hold none of what is kept, however many both are."""
    holding, next_kept = set(), ""
    every = [
        *((f"{path}/", "") for path in kept),
        *((f"{each.rstrip('/')}/", each) for each in left),
    ]
    # What is in a directory comes right behind it, so from the end on that is seen first.
    for below, each in sorted(every, key=lambda pair: (pair[0], not pair[1]), reverse=True):
        if not each:
            next_kept = below
        elif next_kept.startswith(below):
            holding.add(each)
    return tuple(each for each in left if each not in holding)


class Plain(NamedTuple):
    """An absolute path without `..`, and what it hangs on that this is what the other one means."""

    path: str
    passed: tuple[str, ...]


def plain(path: str, followed: Followed | None = None) -> Plain:
    """The path in its plain form: as text, but for what the kernel goes up from. `followed` as for
    `way`.

    `a/../b` is no `b` where `a` is a link, or nothing.
    """
    parts = path.split("/")
    if _UP not in parts:
        return Plain("/" + "/".join(_names(path)[::-1]), ())
    last = len(parts) - 1 - parts[::-1].index(_UP)
    before = way("/".join(parts[: last + 1]), followed=followed)
    after = [name for name in parts[last + 1 :] if name not in ("", ".")]
    return Plain(os.path.join(before.end, *after), before.passed)


def by_way_of(link: str, names: Sequence[str]) -> str:
    """The place of a link with the names that follow, the last one first, up to one that goes back.

    This is how a pattern may speak of what is elsewhere.
    """
    following = list(takewhile(_UP.__ne__, reversed(names)))
    return "/".join([link, *(name for name in following if name != ".")])


def between(path: str) -> Way:
    """The way of an absolute path, without what is the path itself or above it.

    Whoever refuses what is at a path, in its plain form, refuses to move it and what is above it,
    too, by their names. These are the names that are left: another link put in the place of one
    would lead the path elsewhere.
    """
    name, led = plain(path).path, way(path)
    links, left = (
        tuple(each for each in some if not is_within(name, each)) for some in (led.links, led.left)
    )
    return Way(led.end, links, left)


def _names(path: str) -> list[str]:
    """The names of a path that mean a step, the last one first."""
    return [name for name in reversed(path.split("/")) if name not in ("", ".")]


def _target(place: str) -> str | None:
    """None for what is no link, empty for what is not there."""
    try:
        return looks.readlink(place)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (OSError, ValueError):
        return None


class Changeable:
    """The directories that this run, one before it or a repository's author may have filled.

    What lies there never decides what a run is granted: a link that leads out of them is not
    followed on the way to a grant. Out of the working directory none is, whatever else is opened.
    """

    def __init__(self, directories: Iterable[str], workdir: str | None = None) -> None:
        self.workdir = workdir
        """Canonical; None where it is the person's own."""
        self.directories: tuple[str, ...] = ()
        # One that is only named by way of such a link is none of them: it would hold the link.
        ways = [way(each) for each in dict.fromkeys(directories)]
        for each in sorted(ways, key=lambda found: len(found.links)):
            if self._leading_out(each) is None:
                self.directories = tuple(dict.fromkeys((*self.directories, each.end)))

    def holding(self, path: str) -> str | None:
        """The outermost of the directories that a canonical path lies in."""
        found = [each for each in self.directories if is_within(path, each)]
        return min(found, key=len, default=None)

    def follow(self, path: str) -> tuple[str, str | None]:
        """The canonical path, and the first link on the way that leads out of its directory.

        None where there is no such link: the path then is the word of whoever wrote it.
        """
        found = way(path)
        return found.end, self._leading_out(found)

    def _leading_out(self, found: Way) -> str | None:
        for link in found.links:
            place = os.path.dirname(link)
            if self.workdir is not None and is_within(place, self.workdir):
                directory: str | None = self.workdir
            else:
                directory = self.holding(place)
            if directory is not None and not is_within(found.end, directory):
                return link
        return None
