"""The repositories at and below the directories that a person opened for writing.

All that git enters from there is one: a work tree, a bare repository, the submodules that an index
names, the work trees that a repository is linked with. The search is bounded, nearest first.
What is read may be made by a program: every read has a bound, and what a file says is only where
to look next.
"""

from __future__ import annotations

import itertools
import os
import stat
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from nono.broker.datafile import data
from nono.broker.errors import NotUnderstoodError
from nono.broker.git_index import MAX_BYTES, USUAL_MODE, gitlinks
from nono.broker.rules.paths import child, lineage

_MAX_DIRECTORIES = 500
_MAX_INSIDE = 256
_MAX_DEPTH = 4
_MAX_DEPTH_INSIDE = 2
_MAX_ENTRIES = 2000
_MAX_REPOSITORIES = 500
_MAX_GIT_DIRECTORIES = 1000
_MAX_LINK = 4096
_GITLINK = b"gitdir: "
_BARE = ("HEAD", "objects", "refs")


class Repository(NamedTuple):
    """`top` is the work tree, or a bare repository itself; `link` is `.git` there, which a bare
    one has not; `directory` is where git keeps it."""

    top: str
    link: str | None
    directory: str


class Found(NamedTuple):
    """Repositories; what a person should know where the search ended early; and files, by path,
    that name more of them than are known."""

    repositories: tuple[Repository, ...]
    notes: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def search(
    opened: Iterable[str], is_unusual: Callable[[str], bool] = lambda directory: False
) -> Found:
    """The repositories that these directories lie in, and those below them.

    Of an index only what git writes itself is looked at; of one in a directory that `is_unusual`,
    all that git reads.
    """
    directories = sorted(opened)
    found: dict[str, Repository] = {}
    notes: list[str] = []
    unread: list[str] = []
    waiting = deque(each for top in directories for each in _above(top))
    waiting.extend(_below(directories, notes))
    while waiting:
        one = waiting.popleft()
        if one.top in found:
            continue
        if len(found) >= _MAX_REPOSITORIES:
            unread.append(one.link or one.top)
            break
        found[one.top] = one
        try:
            waiting.extend(_submodules(one, is_unusual(one.directory)))
        except NotUnderstoodError:
            unread.append(child(one.directory, "index"))
        for directory in (one.directory, *common(one.directory)):
            waiting.extend(_linked_work_trees(child(directory, "worktrees")))
    notes += (
        f"{each}: names more repositories than are known: they are not protected" for each in unread
    )
    return Found(tuple(found.values()), tuple(notes), tuple(unread))


def _above(directory: str) -> Iterator[Repository]:
    """The repository that a directory lies in."""
    for each in lineage(directory):
        one = repository(each)
        if one is not None:
            yield one
            return


def repository(top: str) -> Repository | None:
    """The one whose work tree is `top`, or that is `top` without a work tree."""
    link = child(top, ".git")
    kind = kind_of(link)
    if kind is not None:
        return Repository(top, link, linked(link) if kind == stat.S_IFREG else link)
    if all(os.path.lexists(child(top, name)) for name in _BARE):
        return Repository(top, None, top)
    return None


def _below(directories: Iterable[str], notes: list[str]) -> Iterator[Repository]:
    """Those that a walk finds. What lies in no repository is gone through first and further."""
    outside = deque((each, 0) for each in directories)
    inside: deque[tuple[str, int]] = deque()
    looked = 0
    while outside:
        directory, depth = outside.popleft()
        looked += 1
        if looked > _MAX_DIRECTORIES:
            notes.append(f"{directory}: repositories from here on are not looked for: too many")
            break
        one = repository(directory)
        if one is not None:
            yield one
            inside.append((directory, 0))
        elif depth < _MAX_DEPTH:
            outside.extend((each, depth + 1) for each in _directories(directory))
    # In a repository the ones that git enters are named by its index; these are the others.
    for _ in range(_MAX_INSIDE):
        if not inside:
            return
        directory, depth = inside.popleft()
        for each in _directories(directory):
            one = repository(each)
            if one is not None:
                yield one
            if depth + 1 < _MAX_DEPTH_INSIDE:
                inside.append((each, depth + 1))


def _directories(directory: str) -> list[str]:
    """Those in a directory that a repository may lie in."""
    left_out = data("start_files")["not_searched"]
    try:
        with os.scandir(directory) as entries:
            found = [
                entry.path
                for entry in itertools.islice(entries, _MAX_ENTRIES)
                if entry.name not in left_out and entry.is_dir(follow_symlinks=False)
            ]
    except OSError:
        return []
    return sorted(found)


def _submodules(one: Repository, unusual: bool) -> Iterator[Repository]:
    """The repositories that git enters from this one. Raises NotUnderstoodError."""
    if one.link is None:
        return
    names: set[bytes] = set()
    shared = [name for name in names_in(one.directory) if name.startswith("sharedindex.")]
    for file in ("index", *shared):
        text = bytes_of(child(one.directory, file), MAX_BYTES + 1)
        if text and (unusual or USUAL_MODE in text):
            names.update(gitlinks(text))
    for name in sorted(names):
        found = repository(_plain(os.path.join(one.top, os.fsdecode(name))))
        if found is not None:
            yield found


def _linked_work_trees(worktrees: str) -> Iterator[Repository]:
    for each in names_in(worktrees):
        text = first_line(child(child(worktrees, each), "gitdir"))
        if text:
            link = _plain(os.path.join(worktrees, each, os.fsdecode(text)))
            found = repository(os.path.dirname(link))
            if found is not None:
                yield found


def git_directories(top: str) -> tuple[list[str], list[str]]:
    """A repository's own directory, the common one of a work tree, those of all submodules and
    linked work trees; and directories in which there are more than are looked at.

    A run may have taken a repository's HEAD away, so every directory counts that could be one.
    """
    ones = [top, *common(top)]
    waiting, seen = list(ones), dict[str, None]()
    try:
        while waiting:
            directory = waiting.pop(0)
            if directory in seen:
                continue
            seen[directory] = None
            is_one = directory in ones or kind_of(child(directory, "HEAD")) is not None
            # A submodule's name may have slashes in it.
            for name in ("modules", "worktrees") if is_one else ("",):
                place = os.path.join(directory, name).rstrip("/")
                waiting += _inside(place, len(seen) + len(waiting))
    except _TooManyError:
        return list(seen), [child(each, name) for each in ones for name in ("modules", "worktrees")]
    return list(seen), []


class _TooManyError(Exception):
    """There are more entries than are looked at."""


def _inside(directory: str, before: int) -> list[str]:
    """The directories in one. Raises _TooManyError, after `before` and these are too many."""
    try:
        with os.scandir(directory) as entries:
            first = list(itertools.islice(entries, _MAX_GIT_DIRECTORIES))
            if before + len(first) >= _MAX_GIT_DIRECTORIES:
                raise _TooManyError
            return sorted(e.path for e in first if e.is_dir(follow_symlinks=False))
    except OSError:
        return []


def names_in(directory: str) -> list[str]:
    """The names in a directory, up to a bound, sorted."""
    try:
        with os.scandir(directory) as entries:
            return sorted(entry.name for entry in itertools.islice(entries, _MAX_ENTRIES))
    except OSError:
        return []


def common(directory: str) -> list[str]:
    """The repository that a work tree's directory shares (gitrepository-layout(5))."""
    text = first_line(child(directory, "commondir"))
    return [_plain(os.path.join(directory, os.fsdecode(text)))] if text else []


def linked(link: str) -> str:
    """Where a `.git` file leads; itself when it leads nowhere."""
    text = first_line(link)
    if not text.startswith(_GITLINK):
        return link
    beside = os.path.join(os.path.dirname(link), os.fsdecode(text.removeprefix(_GITLINK)))
    return _plain(beside)


def _plain(path: str) -> str:
    """In the one form, as text. normpath leaves two slashes at the start as they are."""
    return "/" + os.path.normpath(path).lstrip("/")


def first_line(path: str) -> bytes:
    """At most a path's length of a regular file; nothing of any other."""
    text = bytes_of(path, _MAX_LINK).split(b"\n")[0].rstrip(b"\r")
    return b"" if b"\0" in text else text


def bytes_of(path: str, size: int) -> bytes:
    """At most so much of a regular file; nothing of any other, which could block."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            return b""
        with open(fd, "rb", closefd=False) as file:
            return file.read(min(size, status.st_size))
    except OSError:
        return b""
    finally:
        os.close(fd)


def kind_of(path: str) -> int | None:
    """The kind of what is there itself, as in a mode; None when nothing is."""
    try:
        return stat.S_IFMT(os.lstat(path).st_mode)
    except OSError:
        return None
