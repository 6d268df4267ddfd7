"""The machine's own file system, as `Policy.floor` looks at it."""

from __future__ import annotations

import itertools
import stat
from collections.abc import Callable, Collection, Sequence

from nono.broker.rules.paths import parent
from nono.supervisor import looks
from nono.supervisor.descriptors import listdir, scandir
from nono.supervisor.leaf_directories import LeafDirectories
from nono.supervisor.out_of_reach import is_out_of_reach, is_unseen, led_to
from nono.supervisor.walk import Followed, NotFollowedError

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Literal

    Kind = Literal["directory", "file", "symlink", "other"]

_EXECUTABLE = stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH


class RealTree:
    """The machine's own file system, for `Policy.floor`."""

    def __init__(
        self,
        listed: Callable[[str, Sequence[str]], None] | None = None,
        must_list: Callable[[str], bool] | None = None,
        followed: Followed | None = None,
    ) -> None:
        """`listed` is told of each directory that is listed, and of the names in it; `must_list`
        tells where it has to be told. Where what is `followed` ends, it says so itself."""
        self._followed = followed or Followed()
        self._listed = listed
        self._must_list = must_list
        self._leaves: LeafDirectories | None = None
        self.unled: set[str] = set()
        """Directories in which something could not be looked up that may be a link to one."""

    def kind(self, path: str) -> Kind | None:
        try:
            mode = looks.lstat(path).st_mode
        except (OSError, ValueError):
            return None
        if stat.S_ISDIR(mode):
            return "directory"
        if stat.S_ISLNK(mode):
            return "symlink"
        return "file" if stat.S_ISREG(mode) else "other"

    def may_run(self, path: str) -> bool:
        try:
            mode = looks.lstat(path).st_mode
        except (OSError, ValueError):
            return True
        return stat.S_ISREG(mode) and bool(mode & _EXECUTABLE)

    def entries(self, path: str) -> list[str]:
        return self._names(path) or []

    def _names(self, path: str) -> list[str] | None:
        """None where they cannot be listed."""
        try:
            names = listdir(path)
        except (OSError, ValueError):
            return None
        if self._listed is not None:
            self._listed(path, names)
        return names

    def scan(self, path: str, most: int | None = None) -> list[tuple[str, bool]] | None:
        try:
            with scandir(path) as found:
                some = itertools.islice(found, most)
                scanned = [(each.name, each.is_dir(follow_symlinks=False)) for each in some]
        except (FileNotFoundError, NotADirectoryError):
            return []
        except PermissionError:
            return [] if is_out_of_reach(path) else None
        except (OSError, ValueError):
            return None
        if self._listed is not None:
            self._listed(path, [name for name, _ in scanned])
        return scanned

    def led(self, path: str) -> str | None:
        end = path
        try:
            end = led_to(path, self._followed).end
            return end if stat.S_ISDIR(looks.stat(end).st_mode) else None
        except OSError as error:
            if is_unseen(error, end):
                self.unled.add(parent(path))
            return None
        except (ValueError, NotFollowedError):
            return None

    def files(self, path: str, names: Collection[str] | None) -> list[str] | None:
        """By the count of the directory's links: nearly all files lie in directories of files."""
        if self._leaves is None:
            self._leaves = LeafDirectories()
        if not self._leaves.has(path):
            return None
        if names is None:
            return self._names(path)
        if self._must_list is not None and self._must_list(path):
            return None
        there = []
        for name in names:
            try:
                looks.lstat(f"{path}/{name}")
            except FileNotFoundError:
                continue
            except (OSError, ValueError):
                return None
            there.append(name)
        return there
