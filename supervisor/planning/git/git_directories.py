"""The directories that git keeps in a repository's own: of its submodules and linked work trees."""

from __future__ import annotations

import os
from collections.abc import Iterable

from nono.broker.rules.paths import child
from nono.supervisor.descriptors import apart
from nono.supervisor.out_of_reach import is_out_of_reach
from nono.supervisor.planning.git.git_files import common_ways, kind_of
from nono.supervisor.walk import Followed, Plain

_MAX_DIRECTORIES = 1000
_MAX_ALL_DIRECTORIES = 3000
"""Of all repositories: links lead to the same ones as often as a program likes."""
_MAX_PASSED = 10_000
"""That the ways between directories hang on: twice as much as those of one repository can."""
_MAX_LETTERS = 1 << 20
"""In the paths of all of them."""


class GitDirectories:
    """Those of repositories that are looked at together: a bound is on all of them."""

    def __init__(self, followed: Followed | None = None) -> None:
        """`followed` as for `walk.way`."""
        self._followed = followed
        self._left, self._letters_left = _MAX_ALL_DIRECTORIES, _MAX_LETTERS
        self.passed: dict[str, None] = {}
        """What the ways that they name hang on."""
        self.cut: list[str] = []
        """The repositories in which there are more than are looked at, or can be."""

    def of(self, top: str) -> tuple[list[str], list[str]]:
        """A repository's own directory, the common one of a work tree, those of all submodules and
        linked work trees; and directories in which there are more than are looked at, or can be.

        A run may have taken a repository's HEAD away, so every directory counts that could be one.
        """
        shared = common_ways(top, self._followed)
        ones = [top, *(each.path for each in shared)]
        waiting, seen = list(ones), dict[str, None]()
        try:
            if not self.keep(shared):
                raise _UnseenError
            while waiting:
                directory = waiting.pop(0)
                if directory in seen:
                    continue
                seen[directory] = None
                is_one = directory in ones or kind_of(child(directory, "HEAD")) is not None
                # A submodule's name may have slashes in it.
                for name in ("modules", "worktrees") if is_one else ("",):
                    place = os.path.join(directory, name).rstrip("/")
                    waiting += self._inside(place, len(seen) + len(waiting))
        except _UnseenError:
            whole = [child(each, name) for each in ones for name in ("modules", "worktrees")]
            self.cut.append(top)
            return list(dict.fromkeys((*ones, *seen))), whole
        return list(seen), []

    def keep(self, ways: Iterable[Plain]) -> bool:
        """Note what these hang on; False where that is too much with that of all others."""
        passed = self.passed | dict.fromkeys(each for way in ways for each in way.passed)
        if len(passed) > _MAX_PASSED:
            return False
        self.passed = passed
        return True

    def _inside(self, directory: str, before: int) -> list[str]:
        found = _inside(directory, before)
        self._left -= len(found)
        self._letters_left -= sum(map(len, found))
        if min(self._left, self._letters_left) < 0:
            raise _UnseenError
        return found


class _UnseenError(Exception):
    """There are more entries than are looked at, or can be."""


def _inside(directory: str, before: int) -> list[str]:
    """The directories in one. Raises _UnseenError, also after `before` and these are too many."""
    try:
        first = apart(directory, _MAX_DIRECTORIES)
        if first.is_cut or before + first.looked_at >= _MAX_DIRECTORIES:
            raise _UnseenError
        return sorted(e.path for e in first.entries if e.is_dir(follow_symlinks=False))
    except PermissionError as error:
        if is_out_of_reach(directory):
            return []
        raise _UnseenError from error
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise _UnseenError from error
