"""git's small files that lead from one directory to another, read as git reads them.

A `.git` file, `commondir` and `gitdir` hold one path: git strips line ends from the end alone, and
what is left is a C string (read_gitfile and get_common_dir in git's setup.c). Who reads the first
line instead may be led elsewhere, so where the two differ both count. Every read has a bound.

So leads `core.worktree` in a repository's own configuration: git writes there what a branch has in
it. Neither what that includes counts for this one, nor what configures all repositories, nor `~`
(read_repository_format and setup_explicit_git_dir).
"""

from __future__ import annotations

import errno
import itertools
import os
import stat
from collections import deque
from collections.abc import Iterator

from nono.broker.errors import NotUnderstoodError
from nono.broker.git_config import MAX_BYTES, keys_and_values
from nono.broker.rules.paths import child, is_within
from nono.supervisor import looks
from nono.supervisor.descriptors import bytes_of, opened, scandir
from nono.supervisor.errors import failure
from nono.supervisor.out_of_reach import is_unseen
from nono.supervisor.places import canonical, plain_path
from nono.supervisor.walk import PATH_MAX, Followed, Plain, plain

_MAX_ENTRIES = 2000
_MAX_LINK = 1 << 16
"""More than the longest path: the line ends behind it do not count."""
_GITLINK = b"gitdir: "
_CONFIGURATIONS = ("config", "config.worktree")
_WORK_TREE = b"worktree"
_MAX_CONFIGURED = 1 << 23
"""Bytes of all configurations that are looked through for a work tree in one search."""
_MAX_SETTINGS = 100_000
"""Of those in which there may be one."""
_MAX_WORK_TREES = 10
"""Of one file: git takes the last."""


def linked(link: str, followed: Followed | None = None) -> list[str]:
    """Where a `.git` file leads, git's own reading first; itself when it leads nowhere.

    A link to such a file counts as the file would in its place. `followed` as for `linked_ways`.
    """
    return [each.path for each in linked_ways(link, followed)] or [link]


def linked_ways(link: str, followed: Followed | None = None) -> list[Plain]:
    """The same, with what it hangs on; nothing when it leads nowhere. `followed` as for
    `walk.way`; where that ends, this is what it ended at."""
    text = bytes_of(link, _MAX_LINK)
    if not text.startswith(_GITLINK):
        return []
    return _named(os.path.dirname(link), text.removeprefix(_GITLINK), followed)


def common(directory: str, followed: Followed | None = None) -> list[str]:
    """The repository that a work tree's directory shares (gitrepository-layout(5))."""
    return [each.path for each in common_ways(directory, followed)]


def common_ways(directory: str, followed: Followed | None = None) -> list[Plain]:
    """The same, with what it hangs on that this is the one. `followed` as for `linked_ways`."""
    return _named(directory, bytes_of(child(directory, "commondir"), _MAX_LINK), followed)


def work_trees(entry: str, followed: Followed | None = None) -> list[str]:
    """The `.git` files that an entry in `worktrees` is for."""
    named = _named(entry, bytes_of(child(entry, "gitdir"), _MAX_LINK), followed)
    return [each.path for each in named]


def written_by_git(directory: str, text: bytes) -> str | None:
    """The one path that a file holds as git writes it, in plain form; None for any other text.

    It leads through no link, so that nothing can be read or found otherwise.
    """
    name = text.removesuffix(b"\n")
    if not name or any(byte < 0x20 for byte in name):
        return None
    given = os.path.join(directory, os.fsdecode(name))
    path = plain_path(given)
    return path if canonical(given) == path else None


def exact_link(link: str) -> str | None:
    """Where a `.git` file leads that is one, and is as git writes it."""
    text = bytes_of(link, _MAX_LINK) if kind_of(link) == stat.S_IFREG else b""
    if not text.startswith(_GITLINK):
        return None
    return written_by_git(os.path.dirname(link), text.removeprefix(_GITLINK))


def exact_common(directory: str) -> str | None:
    """As `exact_link`, for a `commondir`."""
    return _exact(directory, "commondir")


def exact_work_tree(entry: str) -> str | None:
    """As `exact_link`, for a `gitdir`."""
    return _exact(entry, "gitdir")


def _exact(directory: str, name: str) -> str | None:
    file = child(directory, name)
    text = bytes_of(file, _MAX_LINK) if kind_of(file) == stat.S_IFREG else b""
    return written_by_git(directory, text)


def _named(directory: str, text: bytes, followed: Followed | None = None) -> list[Plain]:
    """Every path that a text may be read as, the way that git reads it first."""
    read = (text.rstrip(b"\r\n"), text.split(b"\n")[0].rstrip(b"\r"))
    names = [each.split(b"\0")[0] for each in read]
    paths = (each for each in dict.fromkeys(names) if 0 < len(each) <= PATH_MAX)
    followed = followed or Followed()
    with followed.ending_at(directory):
        return [plain(os.path.join(directory, os.fsdecode(each)), followed) for each in paths]


class ConfiguredWorkTrees:
    """Those that one search finds, in bounds that are of all configurations together."""

    def __init__(self, followed: Followed) -> None:
        """`followed` as for `walk.way`."""
        self._followed = followed
        self._bytes, self._settings = _MAX_CONFIGURED, _MAX_SETTINGS

    def of(self, directory: str, top: str) -> Iterator[tuple[str, str]]:
        """The work trees of a repository that are not known by its being at `top`, each as an
        absolute path and in the words that lead there. Raises NotUnderstoodError."""
        for name in _CONFIGURATIONS:
            text = self._text(child(directory, name))
            for value in deque(self._values(text), _MAX_WORK_TREES):
                named = os.path.join(directory, os.fsdecode(value))
                path, passed = plain(named, self._followed)
                if path != top or not all(is_within(directory, each) for each in passed):
                    yield path, named
            if text and _WORK_TREE not in text.lower():
                return  # without extensions.worktreeConfig git reads no other

    def _text(self, file: str) -> bytes:
        text = bytes_of(file, MAX_BYTES + 1) if self._bytes >= 0 else b""
        self._bytes -= len(text)
        if min(self._bytes, self._settings) < 0:
            raise NotUnderstoodError("git's configurations are too large")
        return text

    def _values(self, text: bytes) -> Iterator[bytes]:
        for key, _, values in keys_and_values(text) if _WORK_TREE in text.lower() else ():
            self._settings -= 1
            if self._settings < 0:
                raise NotUnderstoodError("git's configurations have too many settings")
            if key == _WORK_TREE:
                yield from (each for each in values if 0 < len(each) <= PATH_MAX)


def names_in(directory: str, most: int = _MAX_ENTRIES) -> list[str]:
    """The names in a directory, up to a bound, sorted."""
    try:
        with scandir(directory) as entries:
            return sorted(entry.name for entry in itertools.islice(entries, most))
    except OSError:
        return []


def is_unread(path: str) -> bool:
    """Whether a file is there, or may be, that its owner cannot read: a run may have seen to that,
    and may let it be read again."""
    if looks.access(path, os.R_OK):
        return False
    try:
        return looks.stat(path).st_uid == os.geteuid()
    except OSError as error:
        return is_unseen(error, path)


def regular_file(path: str, flags: int = os.O_RDONLY) -> int:
    """A descriptor, for reading, of a file that a program may have put there: an opener of open().

    Raises OSError for what is no regular file: a FIFO would be waited for.
    """
    fd = opened(path, flags | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    if stat.S_ISREG(os.fstat(fd).st_mode):
        return fd
    os.close(fd)
    raise failure(errno.EINVAL)


def kind_of(path: str) -> int | None:
    """The kind of what is there itself, as in a mode; None when nothing is."""
    try:
        return stat.S_IFMT(looks.lstat(path).st_mode)
    except OSError:
        return None
