"""Names in a sandbox's directories, changed for whoever runs it: made, removed, given to another.

As the files of `host_files`: by the policy, and through no link. A change is made in a directory
that is held by a handle, under one name, which no link can lead away from. What a program puts in
the place of that name meanwhile is what is changed; the program could have done that itself.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator

from nono.broker import Access, Open, Operation, PathChange
from nono.broker.requests import NOBODY
from nono.broker.rules.paths import child
from nono.supervisor.linux.calls.files.git_kept import require_kept_nowhere
from nono.supervisor.linux.host_files import _HANDLE, HostFiles, _place


class HostNames(HostFiles):
    """Of one sandbox. Every method raises OSError, as those of `HostFiles` do."""

    def status(self, path: str) -> os.stat_result:
        """Of the object itself, a link included. That a name is there every program can see."""
        handle = self._handle(path, _HANDLE)
        try:
            return os.fstat(handle)
        finally:
            os.close(handle)

    def make_directory(
        self, path: str, mode: int = 0o777, *, parents: bool = False, exist_ok: bool = False
    ) -> None:
        """A new one, with those above where that is asked for."""
        with self._named(path, parents=parents) as (parent, name, place):
            try:
                found = _kind(parent, name)
            except FileNotFoundError:
                self._require_new(Operation.MKDIR, place)
                os.mkdir(name, mode & 0o777, dir_fd=parent)
                return
        if not (exist_ok and stat.S_ISDIR(found)):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)

    def remove(self, path: str) -> None:
        """A name of anything but a directory, or an empty directory."""
        with self._named(path) as (parent, name, place):
            is_directory = stat.S_ISDIR(_kind(parent, name))
            operation = Operation.RMDIR if is_directory else Operation.UNLINK
            require_kept_nowhere(self._decisions, NOBODY, operation, place)
            self._require(PathChange(NOBODY, operation, place))
            self._require(Open(NOBODY, place, Access.WRITE))
            (os.rmdir if is_directory else os.unlink)(name, dir_fd=parent)
            self._decisions.note_moved(place)

    def rename(self, path: str, target: str) -> None:
        """As rename(2), where all of both places may be used. What was at the target is gone."""
        everything = Access.READ | Access.WRITE
        with (
            self._named(path) as (parent, name, before),
            self._named(target) as (new_parent, new_name, after),
        ):
            is_directory = stat.S_ISDIR(_kind(parent, name))
            require_kept_nowhere(self._decisions, NOBODY, Operation.RENAME_FROM, before)
            require_kept_nowhere(self._decisions, NOBODY, Operation.RENAME_TO, after)
            leaves = Operation.RENAME_FROM
            self._require(PathChange(NOBODY, leaves, before, False, after, is_directory))
            self._require(PathChange(NOBODY, Operation.RENAME_TO, after))
            self._require(PathChange(NOBODY, Operation.UNLINK, after))
            for place in (before, after):
                self._require(Open(NOBODY, place, everything))
            os.rename(name, new_name, src_dir_fd=parent, dst_dir_fd=new_parent)
            for place in (before, after):
                self._decisions.note_moved(place)

    @contextlib.contextmanager
    def _named(self, path: str, *, parents: bool = False) -> Iterator[tuple[int, str, str]]:
        """A handle of the directory that a name is in, the name, and the canonical path."""
        directory, name = self._split(path)
        parent = self._parent(directory, parents)
        try:
            yield parent, name, child(_place(parent), name)
        except OSError as error:
            if error.filename not in (None, name):
                raise
            raise OSError(error.errno, error.strerror, path) from None
        finally:
            os.close(parent)


def _kind(parent: int, name: str) -> int:
    """The mode of what has a name. Raises FileNotFoundError."""
    return os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
