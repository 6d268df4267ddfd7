"""Every name below the opened directories that git could take for a repository.

At the end of a run all of it is walked, whatever an index or a link says: what a run made, it may
have made so that git finds it where nobody else looks. The kernel is asked for the names that git
asks for, so that a file system that folds names answers as it does to git.
"""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Iterable

from nono.broker.dataclass import dataclass, field
from nono.broker.rules.paths import child, outermost, parent
from nono.supervisor.planning.git.git_files import kind_of

MAX_NAMES = 200_000
_LETTERS = 512
"""In the path of a directory make each name in it count once more: the kernel goes all the way for
each look."""
_BESIDE_HEAD = ("objects", "refs", "commondir", "config")
_GIT = "/.git/"
_MAX_PATH = 4096 - 512
"""Of a directory in bytes: so that all that git would look at in it can be asked for, too."""
_OF_THE_KERNEL = frozenset({"/proc", "/sys"})


@dataclass
class Walked:
    """`links` are the names `.git`, whatever they are; `directories` are those with a `HEAD` and
    something else of a repository's. `inside` are symbolic links in what is git's own. `unread`
    could not be looked into. `cut` are opened directories of which not all was seen."""

    links: list[str] = field(default_factory=list)
    directories: list[str] = field(default_factory=list)
    inside: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)

    def tops(self) -> list[str]:
        """Where the repositories are that lie in no other's own directory.

        A directory `.git` without a `HEAD` is none to git, and new to the run that completes it.
        """
        whole = frozenset(self.directories)
        links = (each for each in self.links if _GIT not in each)
        tops = (parent(each) for each in links if each in whole or kind_of(each) != stat.S_IFDIR)
        return [*tops, *(each for each in self.directories if _GIT not in f"{each}/")]


def walk(opened: Iterable[str], most: int = MAX_NAMES) -> Walked:
    """Breadth first, so many names in each of the opened directories; links are not followed."""
    found = Walked()
    for top in sorted(outermost(opened)):
        waiting = deque([(top, _GIT in f"{top}/")])
        left = most
        while waiting:
            directory, is_git = waiting.popleft()
            if len(os.fsencode(directory)) > _MAX_PATH:
                found.unread.append(directory)
                continue
            if not _look(directory, found):
                found.unread.append(directory)
                continue
            is_git = is_git or directory.endswith("/.git") or directory in found.directories[-1:]
            times = 1 + len(directory) // _LETTERS
            below, count = _below(directory, left // times, found, is_git=is_git)
            waiting.extend((each, is_git) for each in below)
            left -= count * times
            if left < 0:
                found.cut.append(top)
                break
    return found


def _look(directory: str, found: Walked) -> bool:
    """False where the kernel does not say what is there, as in a directory without search."""
    try:
        link = child(directory, ".git")
        if _is_there(link):
            found.links.append(link)
        if _is_there(child(directory, "HEAD")) and any(
            _is_there(child(directory, name)) for name in _BESIDE_HEAD
        ):
            found.directories.append(directory)
    except OSError:
        return not _is_ours(directory)
    return True


def _is_there(path: str) -> bool:
    """Whether there is anything. Raises OSError where that is not known."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _below(directory: str, most: int, found: Walked, *, is_git: bool) -> tuple[list[str], int]:
    """The directories in one, and how many names there are, at most one more than `most`."""
    below: list[str] = []
    count = 0
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                count += 1
                if count > most:
                    break
                if entry.is_dir(follow_symlinks=False) and entry.path not in _OF_THE_KERNEL:
                    below.append(entry.path)
                elif is_git and entry.is_symlink():
                    found.inside.append(entry.path)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError:
        if _is_ours(directory):
            found.unread.append(directory)
    return below, count


def _is_ours(directory: str) -> bool:
    """What belongs to others no run of ours has made."""
    try:
        return os.lstat(directory).st_uid == os.geteuid()
    except OSError:
        return True
