"""The repositories at and below the directories that a person opened for writing.

All that git enters from there is one: a work tree, a bare repository, the submodules that an index
names, the work trees that a repository is linked with. First come those that are remembered from
the end of earlier runs; then those that a bounded search finds, nearest first.
What is read may be made by a program: every read has a bound, and what a file says is only where
to look next.
"""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Iterable, Iterator

from nono.broker.datafile import data
from nono.broker.errors import NotUnderstoodError
from nono.broker.named_tuple import NamedTuple
from nono.broker.rules.paths import child, lineage, parent
from nono.supervisor import looks
from nono.supervisor.descriptors import apart
from nono.supervisor.leaf_directories import LeafDirectories
from nono.supervisor.out_of_reach import is_out_of_reach
from nono.supervisor.places import plain_path
from nono.supervisor.planning.git.git_files import (
    ConfiguredWorkTrees,
    common,
    is_unread,
    kind_of,
    linked,
    names_in,
    work_trees,
)
from nono.supervisor.planning.git.indexes import Indexes, ShutError
from nono.supervisor.walk import Followed, way

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from nono.supervisor.planning.paths.opened_by_patterns import Opened

_MAX_DIRECTORIES = 300
_MAX_DIRECTORIES_AT_FIRST = 1500
"""Where nothing is remembered yet."""
_MAX_DEPTH = 4
_MAX_DEPTH_INSIDE = 2
_MAX_ENTRIES = 20_000
_MAX_ALL_ENTRIES = 500_000
"""A directory of names is as cheap to leave as one of directories: links are no files of theirs."""
_MAX_REPOSITORIES = 500
_MAX_WORK_TREES = 5000
"""Of all repositories."""
_PARTS = ("objects", "refs")


class Repository(NamedTuple):
    """`top` is the work tree, or a bare repository itself; `link` is `.git` there, which a bare
    one has not; `directory` is where git keeps it. Where only its configuration says that its
    files are at `top`, `named` is how: there `link` leads nowhere, or to another one."""

    top: str
    link: str | None
    directory: str
    named: str | None = None


class Found(NamedTuple):
    """Repositories; what a person should know where the search ended early; files, by path, that
    name more of them than are known; those that are too many to be looked at; and directories that
    cannot be looked into."""

    repositories: tuple[Repository, ...]
    notes: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    beyond: tuple[Repository, ...] = ()
    closed: tuple[str, ...] = ()


def searched_directories(opened: Opened) -> set[str]:
    """Of what is opened, where repositories may be: all that is below, or a part of one."""
    followed = Followed()
    parts = {each for each in opened.directly if any(_above(each, followed))}
    return {*opened.wholly, *parts}


def search(
    opened: Iterable[str], remembered: Iterable[str] = (), followed: Followed | None = None
) -> Found:
    """The repositories that these directories lie in, those below them, and the remembered ones.

    Of an index only what git writes itself is looked at. `followed` as for `walk.way`.
    """
    followed = followed or Followed()
    directories = sorted(opened)
    found: dict[Repository, None] = {}
    beyond: dict[Repository, None] = {}
    notes: list[str] = []
    unread: list[str] = []
    shut: dict[str, str] = {}
    known = list(remembered)
    indexes, linked_trees = Indexes(), _LinkedWorkTrees(followed)
    configured = ConfiguredWorkTrees(followed)
    waiting = deque(each for top in directories for each in _above(top, followed))
    closed: dict[str, None] = {}
    for top in known:
        ones = repositories_at(top, followed)
        waiting.extend(ones)
        if not ones:
            closed |= dict.fromkeys(_closed_above(top))
    waiting.extend(_below(directories, notes, closed, followed, is_first=not known))
    while waiting:
        one = waiting.popleft()
        if one in found or one in beyond:
            continue
        if len(found) >= _MAX_REPOSITORIES:
            beyond[one] = None
            continue
        found[one] = None
        if _is_closed(one.directory):
            closed[one.directory] = None
        try:
            waiting.extend(_submodules(one, indexes, followed))
        except ShutError as error:
            shut[one.top] = str(error)
        except NotUnderstoodError:
            unread.append(child(one.directory, "index"))
        try:
            for top, named in configured.of(one.directory, one.top):
                waiting.append(Repository(top, child(top, ".git"), one.directory, named))
        except NotUnderstoodError:
            unread.append(child(one.directory, "config"))
        for directory in (one.directory, *common(one.directory, followed)):
            try:
                waiting.extend(linked_trees.of(child(directory, "worktrees")))
            except NotUnderstoodError:
                unread.append(child(directory, "worktrees"))
    if unread:
        notes.append(
            f"{unread[0]}: names more repositories than are known: they are not protected, nor"
            f" those that {len(unread) - 1} other files name"
        )
    if shut:
        notes.append(
            f"{next(iter(shut.values()))}: what it names is not protected, and nothing in its work"
            f" tree and {len(shut) - 1} others may be changed but what was opened by its own name"
        )
    if beyond:
        notes.append(
            f"{next(iter(beyond)).top}: more than {_MAX_REPOSITORIES} repositories: of this one"
            f" and {len(beyond) - 1} more nothing may be changed"
        )
    if closed:
        notes.append(
            f"{next(iter(closed))}: cannot be looked into: in {with_others(len(closed))} nothing"
            " may be changed but what was opened by its own name"
        )
    return Found(tuple(found), tuple(notes), tuple(unread), tuple(beyond), (*closed, *shut))


def with_others(directories: int) -> str:
    """How a note speaks of so many directories after it has named the first."""
    others = directories - 1
    return f"it and {others} other director{'y' if others == 1 else 'ies'}" if others else "it"


def _above(directory: str, followed: Followed) -> Iterator[Repository]:
    """The repository that a directory lies in."""
    for each in lineage(directory):
        ones = repositories_at(each, followed)
        if ones:
            yield from ones
            return


def repositories_at(top: str, followed: Followed) -> list[Repository]:
    """Those whose work tree is `top`, or that are `top` without a work tree. `followed` as for
    `walk.way`.

    Usually one: more where a file can be read in two ways, and where git takes `top` itself for
    one as soon as `.git` is none to it.
    """
    link = child(top, ".git")
    found = []
    kind = kind_of(link)
    if kind == stat.S_IFDIR:
        found.append(Repository(top, link, link))
    elif kind is not None:
        found += [Repository(top, link, each) for each in linked(link, followed)]
    if is_bare(top):
        found.append(Repository(top, None, top))
    return found


def is_bare(top: str) -> bool:
    """Whether git could take the directory itself for a repository: is_git_directory in setup.c."""
    if kind_of(child(top, "HEAD")) is None:
        return False
    if kind_of(child(top, "commondir")) is not None:
        return True
    return all(kind_of(child(top, name)) is not None for name in _PARTS)


def _is_closed(directory: str) -> bool:
    """One that is there and not seen into, though a run may come to what is in it."""
    if looks.access(directory, os.R_OK | os.X_OK):
        return False
    try:
        if not stat.S_ISDIR(looks.stat(directory).st_mode):
            return False
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        pass  # the way to it is closed
    return not is_out_of_reach(directory)


def _closed_above(top: str) -> Iterator[str]:
    """What keeps a repository that was there from being seen."""
    for each in lineage(top):
        try:
            looks.lstat(each)
        except PermissionError:
            continue
        except OSError:
            return
        if _is_closed(each):
            yield each
        return


def _below(
    directories: list[str],
    notes: list[str],
    closed: dict[str, None],
    followed: Followed,
    *,
    is_first: bool,
) -> Iterator[Repository]:
    """Those that a walk finds, the directories in turn, so that none can keep the others from it:
    each gets a look as often as any beside it, however many there are in it."""
    most = _MAX_DIRECTORIES_AT_FIRST if is_first else _MAX_DIRECTORIES
    listings = _Listings(followed)
    cut = listings.cut
    looks = _in_turn(_look(each, _MAX_DEPTH, listings) for each in directories)
    for looked, (directory, ones) in enumerate(looks, 1):
        yield from ones
        if parent(directory) not in closed and _is_closed(directory):
            closed[directory] = None
        if looked >= most:
            cut.append(directory)
            break
    if cut and is_first:
        notes.append(
            f"too much is opened to look for git's repositories in all of it, such as in {cut[0]}:"
            " open less, or what git starts in others is not protected in this run"
        )


_Looks = Iterator[tuple[str, list[Repository]]]


def _look(directory: str, depth: int, listings: _Listings, *, inside: bool = False) -> _Looks:
    """A directory and what is below it, with the repositories at each. In a repository the ones
    that git enters are named by its index; others are looked for only near its top."""
    ones = repositories_at(directory, listings.followed)
    yield directory, ones
    if ones and not inside:
        depth, inside = _MAX_DEPTH_INSIDE, True
    if depth > 0:
        below = listings.directories(directory)
        yield from _in_turn(_look(each, depth - 1, listings, inside=inside) for each in below)


def _in_turn(walks: Iterable[_Looks]) -> _Looks:
    """One look of each, again and again."""
    waiting = deque(walks)
    while waiting:
        walk = waiting.popleft()
        look = next(walk, None)
        if look is not None:
            yield look
            waiting.append(walk)


class _Listings:
    """Of one search. `cut` are the directories with more entries than are looked at."""

    def __init__(self, followed: Followed) -> None:
        self.followed = followed
        self.cut: list[str] = []
        self._left = _MAX_ALL_ENTRIES
        self._leaves = LeafDirectories()

    def directories(self, directory: str) -> list[str]:
        """Those in a directory that a repository may lie in."""
        if self._leaves.has(directory):
            return []
        if self._left <= 0:
            self.cut.append(directory)
            return []
        try:
            found = apart(directory, min(_MAX_ENTRIES, self._left))
        except OSError:
            return []
        self._left -= found.looked_at
        if found.is_cut:
            self.cut.append(directory)
        left_out = data("start_files")["not_searched"]
        return sorted(
            entry.path
            for entry in found.entries
            if entry.name not in left_out and entry.is_dir(follow_symlinks=False)
        )


def _submodules(one: Repository, indexes: Indexes, followed: Followed) -> Iterator[Repository]:
    """The repositories that git enters from this one. Raises NotUnderstoodError."""
    for name in indexes.gitlinks(one.directory) if one.link else ():
        top = plain_path(os.path.join(one.top, os.fsdecode(name)))
        yield from repositories_at(top, followed)


class _LinkedWorkTrees:
    """Those that one search finds: each directory once, whatever leads to it, and no more than so
    many entries of all of them together."""

    def __init__(self, followed: Followed) -> None:
        self._followed = followed
        self._left = _MAX_WORK_TREES
        self._seen: set[str] = set()

    def of(self, worktrees: str) -> Iterator[Repository]:
        """Raises NotUnderstoodError."""
        place = way(worktrees, followed=self._followed).end
        if place in self._seen:
            return
        self._seen.add(place)
        names = names_in(place) if self._left >= 0 else []
        self._left -= len(names)
        if self._left < 0:
            raise NotUnderstoodError("git has too many linked work trees")
        if not names and _is_closed(place):
            raise NotUnderstoodError("git's linked work trees cannot be listed")
        for each in names:
            links = work_trees(child(place, each), self._followed)
            if not links and is_unread(child(place, f"{each}/gitdir")):
                raise NotUnderstoodError("a linked work tree of git's cannot be read")
            for link in links:
                yield from repositories_at(os.path.dirname(link), self._followed)
