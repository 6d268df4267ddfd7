"""The kinds of looks: how each is made, what of its finding is for use, and as what text that is
compared. See `looks.py`."""

from __future__ import annotations

import errno
import os
import stat
from itertools import islice

from nono.broker.digest import sha256
from nono.broker.named_tuple import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any, Literal, Protocol

    Times = tuple[int, int, int, int]

    class Status(Protocol):
        """What a look notes of a file."""

        @property
        def st_mode(self) -> int: ...
        @property
        def st_uid(self) -> int: ...
        @property
        def st_gid(self) -> int: ...

    class StatusOfFile(Status, Protocol):
        """As `file_status` notes it. Of a directory it does not note the links."""

        @property
        def st_ino(self) -> int: ...
        @property
        def st_dev(self) -> int: ...
        @property
        def st_nlink(self) -> int: ...

    class StatusOfSource(StatusOfFile, Protocol):
        """As `source_status` notes it."""

        @property
        def st_size(self) -> int: ...
        @property
        def st_mtime_ns(self) -> int: ...

    class Entry(Protocol):
        """A name in a directory, and of which kind it is itself."""

        @property
        def name(self) -> str: ...
        @property
        def path(self) -> str: ...
        def is_dir(self, *, follow_symlinks: Literal[False]) -> bool: ...
        def is_file(self, *, follow_symlinks: Literal[False]) -> bool: ...
        def is_symlink(self) -> bool: ...
        def inode(self) -> int: ...

    class Entries(Protocol):
        """What is to be used in a `with`, and closes."""

        def __enter__(self) -> Iterator[Entry]: ...
        def __exit__(self, *error: object) -> None: ...


MAX_NAMES = 20_000
"""Of directories that are listed, all together."""
FEW = 16
"""So many names are asked for one by one: a directory may have thousands."""
_TO_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_NANOSECONDS = 1_000_000_000
_STEP = 64
"""By so many names a directory is told to have grown: that one comes or goes says nothing."""
MAX_CONTENT = 1 << 21
"""Bytes of one file."""
ODD = (OSError, ValueError)
"""What a look may raise, which is a finding as well."""


def error_text(error: Exception) -> str:
    """That something could not be found out."""
    return f"!{getattr(error, 'errno', None)}"


def found_text(text: str) -> str:
    """Whatever was found: no text of an error is one of these."""
    return f"={text}"


def _of_status(found: os.stat_result) -> str:
    return f"{found.st_mode} {found.st_uid} {found.st_gid}"


def _of_file(found: os.stat_result) -> str:
    links = 0 if stat.S_ISDIR(found.st_mode) else found.st_nlink
    return f"{_of_status(found)} {found.st_dev} {found.st_ino} {links}"


def _of_links(found: os.stat_result) -> str:
    has_more = stat.S_ISREG(found.st_mode) and found.st_nlink > 1
    return _of_file(found) if has_more else f"{found.st_mode}"


def _listed(directory: str) -> list[os.DirEntry[str]]:
    """All of a directory. Raises OSError for more than a look may list."""
    found = _entries(directory)
    if len(found) > MAX_NAMES:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    return found


def _there(directory: str, names: Sequence[str]) -> list[str]:
    if len(names) <= FEW:
        return [each for each in names if os.path.lexists(f"{directory}/{each}")]
    there = {each.name for each in _listed(directory)}
    return [each for each in names if each in there]


def directories_among(entries: Iterable[os.DirEntry[str]]) -> frozenset[str]:
    """The names of those that are directories themselves."""
    return frozenset(each.name for each in entries if each.is_dir(follow_symlinks=False))


def _directories(directory: str, names: Sequence[str]) -> list[str]:
    there = directories_among(_listed(directory))
    return [each for each in names if each in there]


def _folded(directory: str, names: Sequence[str]) -> list[str] | None:
    """Which of these names some entry has, but for the case; None where nobody can tell."""
    there = folded([each.name for each in _listed(directory)])
    return None if there is None else [each for each in names if each in there]


def _linked(directory: str, names: Sequence[str]) -> list[str] | None:
    """Which of these names some link has, but for the case; None where nobody can tell."""
    there = folded([each.name for each in _listed(directory) if each.is_symlink()])
    return None if there is None else [each for each in names if each in there]


def folded(names: Sequence[str]) -> frozenset[str] | None:
    """Names without their case; None for others than ASCII, of which only the file system knows."""
    text = "/".join(names)
    if not text.isascii():
        return None
    return frozenset(text.casefold().split("/")) if names else frozenset()


def of_names(names: Iterable[str] | None) -> str:
    return "/" if names is None else "\0".join(names)


def _of_source(found: os.stat_result) -> str:
    return f"{_of_file(found)} {found.st_size} {found.st_mtime_ns}"


def _of_sources(*paths: str) -> str:
    """Which files they are, and by what an import tells that one has changed."""
    return "".join([_of_one_source(os.stat(path)) for path in paths])


def _of_one_source(found: os.stat_result) -> str:
    return f"{found.st_ino} {_of_time(found.st_mtime_ns)} {found.st_size}/"


def _of_time(nanoseconds: int) -> str:
    return "{} {}".format(*divmod(nanoseconds, _NANOSECONDS))


class Apart(NamedTuple):
    """What of a directory's entries is no regular file."""

    entries: list[os.DirEntry[str]]
    looked_at: int
    """How many entries that took, files among them: in steps."""
    is_cut: bool
    """Whether there are more than were looked at."""


class Among(NamedTuple):
    """Those of a directory's names that were asked for. The rest as in `Apart`."""

    names: list[str]
    looked_at: int
    is_cut: bool


def _in_steps(count: int) -> int:
    return -(-count // _STEP) * _STEP


def _apart(path: str, most: int) -> Apart:
    with os.scandir(path) as entries:
        found = [*islice(entries, most)]
        is_cut = next(entries, None) is not None
    apart = [each for each in found if not each.is_file(follow_symlinks=False)]
    return Apart(apart, _in_steps(len(found)), is_cut)


def _of_apart(found: Apart) -> str:
    return f"{found.looked_at} {found.is_cut}/{_of_entries(found.entries)}"


def _among(path: str, most: int, patterns: Sequence[tuple[str, str, tuple[str, ...]]]) -> Among:
    # What few directories need is loaded only then.
    from nono.broker.rules.automaton import Between

    with os.scandir(path) as entries:
        found = [each.name for each in islice(entries, most)]
        is_cut = next(entries, None) is not None
    names = {name for each in patterns for name in Between(*each).among(found)}
    return Among(sorted(names), _in_steps(len(found)), is_cut)


def _of_among(found: Among) -> str:
    return "\0".join([f"{found.looked_at} {found.is_cut}", *found.names])


def times_of(file: str | int) -> Times:
    """Which file it is, where links lead, and when it was changed. Raises OSError."""
    found = os.stat(file)
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns


def _of_times(found: Times) -> str:
    device, inode, modified, changed = found
    return f"{device} {inode} {_of_time(modified)} {_of_time(changed)}"


def _device_of_leaf(path: str, links: int, size: int) -> int | None:
    found = os.lstat(path)
    is_one = found.st_nlink == links and found.st_size < size and stat.S_ISDIR(found.st_mode)
    return found.st_dev if is_one else None


def _open_to_list(path: str) -> None:
    os.close(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))


def _entries(path: str) -> list[os.DirEntry[str]]:
    """Not to their end where they are too many to be noted."""
    with os.scandir(path) as entries:
        return [*islice(entries, MAX_NAMES + 1)]


def _of_entries(entries: Sequence[os.DirEntry[str]]) -> str:
    return "\0".join(_of_entry(each) for each in entries)


def _of_entry(entry: os.DirEntry[str]) -> str:
    is_dir, is_link = entry.is_dir(follow_symlinks=False), entry.is_symlink()
    return f"{entry.name}/{is_dir:d}{is_link:d}{entry.is_file(follow_symlinks=False):d}"


def _of_inodes(entries: Sequence[os.DirEntry[str]]) -> str:
    return "\0".join(f"{_of_entry(each)} {each.inode()}" for each in entries)


def content_text(fd: int) -> str | None:
    """Of an open file; None for a directory, and for what is too large to be read again."""
    found = os.fstat(fd)
    if stat.S_ISDIR(found.st_mode):
        return None
    what = _of_status(found)  # of /proc each process has files of its own
    if not stat.S_ISREG(found.st_mode):
        return what
    content = _read(fd, MAX_CONTENT + 1)
    return None if len(content) > MAX_CONTENT else f"{what} {_of_bytes(content)}"


def _first_bytes(path: str, size: int) -> bytes:
    fd = os.open(path, _TO_READ)
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return _read(fd, min(size, found.st_size))
    finally:
        os.close(fd)


def _read(fd: int, size: int) -> bytes:
    content = b""
    while len(content) < size and (piece := os.pread(fd, size - len(content), len(content))):
        content += piece
    return content


def _of_bytes(found: bytes) -> str:
    return sha256(found).hexdigest()


def _opened_again(path: str, flags: int) -> str | None:
    fd = os.open(path, flags)
    try:
        return content_text(fd)
    finally:
        os.close(fd)


def _folds(directory: str, names: Sequence[str] | None) -> bool | None:
    # What few file systems need is loaded only then.
    from nono.supervisor.folding import folds

    return folds(directory, names)


def _is_exact(directory: str) -> bool:
    from nono.supervisor.folding import is_exact

    return is_exact(directory)


KINDS: dict[str, tuple[Callable[..., Any], Callable[[Any], str]]] = {
    "lstat": (os.lstat, _of_status),
    "stat": (os.stat, _of_status),
    "file": (lambda path, follow: os.stat(path, follow_symlinks=follow), _of_file),
    "links": (os.lstat, _of_links),
    "source": (os.stat, _of_source),
    "sources": (_of_sources, str),
    "leaf": (_device_of_leaf, str),
    "larger": (lambda path, size: os.path.getsize(path) > size, str),
    "lists": (_open_to_list, str),
    "there": (_there, of_names),
    "directories": (_directories, of_names),
    "folded": (_folded, of_names),
    "linked": (_linked, of_names),
    "readlink": (os.readlink, str),
    "realpath": (os.path.realpath, str),
    "access": (os.access, str),
    "listdir": (os.listdir, "\0".join),
    "scandir": (_listed, _of_entries),
    "apart": (_apart, _of_apart),
    "among": (_among, _of_among),
    "settled": (times_of, _of_times),
    "inodes": (_listed, _of_inodes),
    "bytes": (_first_bytes, _of_bytes),
    "opened": (_opened_again, str),
    "folds": (_folds, str),
    "exact": (_is_exact, str),
}
"""How each kind of look is made, and what is noted of what it finds."""
