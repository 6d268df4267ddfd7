"""Looks at the file system from which a run's policy is made, and whether they would find the same.

A policy follows from what a person said and from what these functions found. So one that was made
before is as good as one made now, while each of its looks finds what it found then: see
`session/kept_start.py`. For that all that makes a policy looks by the functions here, and by those
of `descriptors.py`, which tell this module. What a look does not note cannot be used either:
`Status` has no times, and an `Entry` of a directory tells nothing of where a link leads.
"""

from __future__ import annotations

import os
import stat as modes
from contextlib import contextmanager, nullcontext
from functools import partial
from itertools import chain, islice

from nono.supervisor.kinds_of_looks import (
    MAX_CONTENT,
    MAX_NAMES,
    ODD,
    content_text,
    directories_among,
    error_text,
    folded,
    found_text,
)
from nono.supervisor.noted_looks import make

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from collections.abc import Callable, Collection, Container, Iterable, Iterator, Sequence
    from typing import Any

    from nono.broker.rules.automaton import Between
    from nono.supervisor.kinds_of_looks import (
        Among,
        Apart,
        Entries,
        Entry,
        Status,
        StatusOfFile,
        StatusOfSource,
    )
    from nono.supervisor.noted_looks import Looks

_noting: Looks | None = None


@contextmanager
def noted(made: Looks) -> Iterator[None]:
    """Note the looks of this process there. For one without threads that look."""
    global _noting
    _noting = made
    try:
        yield
    finally:
        _noting = None
        made.end()


def spoil() -> None:
    """Something is looked at in a way that is not noted."""
    if _noting is not None:
        _noting.are_whole = False


def _look(*asked: Any) -> Any:
    """Make a look, and note it where that is wanted. Raises what the look raises."""
    return make(asked) if _noting is None else _noting.make(asked)


def lstat(path: str) -> Status:
    """As os.lstat()."""
    if _noting is None:
        return os.lstat(path)
    found: Status = _look("lstat", path)
    return found


def stat(path: str) -> Status:
    """As os.stat()."""
    if _noting is None:
        return os.stat(path)
    found: Status = _look("stat", path)
    return found


def file_status(path: str, *, follow_symlinks: bool) -> StatusOfFile:
    """As os.stat(), with what file it is, and its links."""
    found: StatusOfFile = _look("file", path, follow_symlinks)
    return found


def device_of_leaf(path: str, links: int, size: int) -> int | None:
    """The device of a directory with so many links and fewer bytes; None for what is none.

    Raises OSError.
    """
    found: int | None = _look("leaf", path, links, size)
    return found


def is_larger(path: str, size: int) -> bool:
    """Whether what is there has more bytes, where links lead. Raises OSError."""
    found: bool = _look("larger", path, size)
    return found


def links_status(path: str) -> StatusOfFile:
    """As os.lstat(). Of a file with one name, only that is for use."""
    found: StatusOfFile = _look("links", path)
    return found


def source_status(path: str) -> StatusOfSource:
    """As os.stat(), with the time of the last change."""
    found: StatusOfSource = _look("source", path)
    return found


def sources(paths: Iterable[str]) -> None:
    """Note of which time and size files are that only nono's owner may write. Raises OSError."""
    _look("sources", *paths)


def readlink(path: str) -> str:
    """As os.readlink()."""
    if _noting is None:
        return os.readlink(path)
    found: str = _look("readlink", path)
    return found


def realpath(path: str) -> str:
    """As os.path.realpath()."""
    if _noting is None:
        return os.path.realpath(path)
    found: str = _look("realpath", path)
    return found


def expanduser(path: str) -> str:
    """As os.path.expanduser(). Where the homes of others are may change and nobody notes it."""
    if path.startswith("~") and path.partition("/")[0] != "~":
        spoil()
    return os.path.expanduser(path)


def access(path: str, mode: int) -> bool:
    """As os.access()."""
    if _noting is None:
        return os.access(path, mode)
    found: bool = _look("access", path, mode)
    return found


def exists(path: str) -> bool:
    """As os.path.exists()."""
    return _mode(stat, path) is not None


def lexists(path: str) -> bool:
    """As os.path.lexists()."""
    return _mode(lstat, path) is not None


def isdir(path: str) -> bool:
    """As os.path.isdir()."""
    return modes.S_ISDIR(_mode(stat, path) or 0)


def isfile(path: str) -> bool:
    """As os.path.isfile()."""
    return modes.S_ISREG(_mode(stat, path) or 0)


def islink(path: str) -> bool:
    """As os.path.islink()."""
    return modes.S_ISLNK(_mode(lstat, path) or 0)


def _mode(look: Callable[[str], Status], path: str) -> int | None:
    try:
        return look(path).st_mode
    except ODD:
        return None


class _Names(frozenset[str]):
    """Never empty: nobody goes by that no name is so."""

    _note: Callable[[str, bool], None]

    def __new__(cls, kind: str, directory: str, names: Iterable[str], noting: Looks) -> _Names:
        made = super().__new__(cls, names)
        made._note = partial(noting.note_name, kind, directory)
        return made

    def __bool__(self) -> bool:
        return True

    def __contains__(self, name: object) -> bool:
        is_so = super().__contains__(name)
        self._note(str(name), is_so)
        return is_so


def apart(path: str, most: int) -> Apart:
    """What of the first so many entries of a directory is no regular file. Raises OSError."""
    found: Apart = _look("apart", path, most)
    return found


def among(path: str, most: int, patterns: Iterable[Between]) -> Among:
    """Which of the first so many names in a directory some pattern stands for. Raises OSError."""
    found: Among = _look("among", path, most, tuple(map(tuple, patterns)))
    return found


def folds(directory: str, names: Sequence[str] | None = None) -> bool | None:
    """As `folding.folds`."""
    found: bool | None = _look("folds", directory, None if names is None else tuple(names))
    return found


def is_exact(directory: str) -> bool:
    """As `folding.is_exact`."""
    found: bool = _look("exact", directory)
    return found


def listdir(path: str) -> list[str]:
    """As os.listdir()."""
    if _noting is None:
        return os.listdir(path)
    try:
        found = os.listdir(path)
    except ODD as error:
        _noting.note(("listdir", path), error_text(error))
        raise
    _noting.note_listing("listdir", path, found)
    return found


def names(path: str) -> Container[str]:
    """As os.listdir(), to ask which names are among them."""
    if _noting is None:
        return frozenset(os.listdir(path))
    _look("lists", path)
    found = os.listdir(path)
    if len(found) > MAX_NAMES:
        spoil()
    return _Names("there", path, found, _noting)


def directories(path: str, most: int) -> Collection[str] | None:
    """The names of the directories in one, to ask which are among them; None for more names than
    `most`. Raises OSError."""
    if _noting is not None:
        _look("lists", path)
    with os.scandir(path) as entries:
        found = [*islice(entries, most + 1)]
    if len(found) > most:
        return None
    return _asked("directories", path, directories_among(found))


def folded_names(path: str, most: int) -> tuple[Collection[str] | None, Collection[str] | None]:
    """The links in a directory, and all names, without their case, to ask which are among them.

    None where only the file system can tell, and for more names than `most`. Raises OSError.
    """
    if _noting is not None:
        _look("lists", path)
    with os.scandir(path) as entries:
        found = [(each.name, each.is_symlink()) for each in islice(entries, most + 1)]
    if len(found) > most:
        return None, None
    links = folded([name for name, is_link in found if is_link])
    every = folded([name for name, _ in found])
    return _asked("linked", path, links), _asked("folded", path, every)


def _asked(kind: str, path: str, names: Collection[str] | None) -> Collection[str] | None:
    """Of which those that are asked about are noted, as looks of this kind."""
    return names if _noting is None or names is None else _Names(kind, path, names, _noting)


def scandir(path: str, *, inodes: bool = False) -> Entries:
    """As os.scandir(), of however many entries. Without `inodes` those are not for use."""
    if _noting is None:
        return os.scandir(path)
    kind = "inodes" if inodes else "scandir"
    try:
        entries = os.scandir(path)
    except ODD as error:
        _noting.note((kind, path), error_text(error))
        raise
    first = [*islice(entries, MAX_NAMES + 1)]
    if len(first) > MAX_NAMES:
        spoil()
        return _AllOf(first, entries)
    entries.close()
    _noting.note_listing(kind, path, first)
    return nullcontext(iter(first))


class _AllOf:
    """Entries that are too many to be noted, and none of them left out."""

    def __init__(self, first: Sequence[Entry], rest: Entries) -> None:
        self._first, self._rest = first, rest

    def __enter__(self) -> Iterator[Entry]:
        return chain(self._first, self._rest.__enter__())

    def __exit__(self, *error: object) -> None:
        self._rest.__exit__(*error)


def first_bytes(path: str, size: int) -> bytes:
    """At most so many bytes of a file. Raises OSError, also for what is no regular file, which
    could block."""
    found: bytes = _look("bytes", path, size)
    if len(found) > MAX_CONTENT:
        spoil()
    return found


def opened(path: str, flags: int) -> int:
    """As os.open(), to read a file: that its content is noted does not move the offset."""
    if _noting is None:
        return os.open(path, flags)
    try:
        fd = os.open(path, flags)
    except ODD as error:
        _noting.note(("opened", path, flags), error_text(error))
        raise
    text = content_text(fd)
    if text is None:
        spoil()
    else:
        _noting.note(("opened", path, flags), found_text(text))
    return fd
