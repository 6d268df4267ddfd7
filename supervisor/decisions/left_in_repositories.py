"""What a run leaves in repositories that git would run, or go on with, when a person uses it there.

What was there before cannot be changed. So this looks for what is new: repositories that a run
made, submodules and work trees that lead to one, and what git was in the middle of. One that holds
nothing that runs, as after a clone, is nothing to tell of.
"""

from __future__ import annotations

import itertools
import os
import stat
from collections.abc import Iterable, Iterator, Sequence

from nono.broker.datafile import data
from nono.broker.errors import NotUnderstoodError
from nono.broker.git_config import MAX_BYTES, first_that_runs, remotes_by_name
from nono.broker.rules.paths import child, is_within
from nono.supervisor.decisions.file_states import State, state
from nono.supervisor.planning.repositories import (
    Repository,
    bytes_of,
    common,
    git_directories,
    names_in,
    search,
)

_MAX_NAMES = 200
_CONFIGS = ("config", "config.worktree")
_REMOTES = ("remotes", "branches")

_Begun = tuple[tuple[str, State], ...]


class LeftInRepositories:
    """What is there at the start."""

    def __init__(self, opened: Iterable[str], found: Iterable[Repository]) -> None:
        """`found` are the repositories in `opened` whose hooks and configuration are kept."""
        self._opened = tuple(opened)
        found = tuple(found)
        self._directories = {
            directory: _identity(directory)
            for one in found
            for directory in git_directories(one.directory)[0]
        }
        names = ("index", "config")
        self._files = {
            path: state(path)
            for path in (child(each, name) for each in self._directories for name in names)
        }
        self._begun = dict(self._all_begun(self._directories))

    def changed(self) -> Iterator[str]:
        """The paths of what is new and would run, or go on."""
        found = search(self._opened, self._has_new_index)
        yield from found.unread
        for one in found.repositories:
            directories, too_many = git_directories(one.directory)
            yield from (each for each in too_many if os.path.lexists(each))
            for directory in directories:
                yield from self._in_directory(one, directory)

    def _has_new_index(self, directory: str) -> bool:
        """Whether it is to be read as git reads it. One that is in parts may be new in any."""
        if directory not in self._directories or self._differs(child(directory, "index")):
            return True
        return any(name.startswith("sharedindex.") for name in names_in(directory))

    def _in_directory(self, one: Repository, directory: str) -> Iterator[str]:
        for path, begun in self._all_begun((directory,)):
            if begun != self._begun.get(path):
                yield path
        if not self._was_there(directory):
            for each in (directory, *common(directory)):
                if not self._was_there(each):
                    yield from self._running(one, each)
        elif self._differs(child(directory, "config")):
            yield from self._followed(one, directory)

    def _was_there(self, directory: str) -> bool:
        return self._directories.get(directory, (0, 0)) == _identity(directory)

    def _differs(self, path: str) -> bool:
        return state(path) != self._files.get(path)

    def _running(self, one: Repository, directory: str) -> Iterator[str]:
        """What git runs or believes in a repository that the run made."""
        for name in _CONFIGS:
            path = child(directory, name)
            text = bytes_of(path, MAX_BYTES + 1)
            try:
                if first_that_runs(text, lambda to: self._is_kept(one.top, os.fsdecode(to))):
                    yield path
            except NotUnderstoodError:
                yield path
        hooks = child(directory, "hooks")
        yield from (child(hooks, name) for name in names_in(hooks) if _is_hook(hooks, name))
        for name in _REMOTES:
            yield from (
                child(child(directory, name), each) for each in names_in(child(directory, name))
            )

    def _is_kept(self, top: str, path: str) -> bool:
        """True for a path that the run could make no repository at, or that was one before.

        What a run makes in shared places such as /tmp is gone after it.
        """
        plain = os.path.realpath(os.path.join(top, path))
        if any(self._was_there(each) for each in (f"{plain}/.git", plain)):
            return True
        return not any(is_within(plain, each) for each in self._opened)

    def _followed(self, one: Repository, directory: str) -> Iterator[str]:
        """The configuration, when it follows a remote that is a directory of that name by now."""
        path = child(directory, "config")
        try:
            names = remotes_by_name(bytes_of(path, MAX_BYTES + 1))
        except NotUnderstoodError:
            return
        if any(os.path.lexists(os.path.join(one.top, os.fsdecode(name))) for name in names):
            yield path

    def _all_begun(self, directories: Iterable[str]) -> Iterator[tuple[str, _Begun]]:
        names: Sequence[str] = tuple(data("start_files")["begun"])
        for path in (child(each, name) for each in directories for name in names):
            own = state(path)
            if own is not None:
                inside = (
                    child(path, name) for name in itertools.islice(names_in(path), _MAX_NAMES)
                )
                states = ((each, state(each)) for each in inside)
                yield path, ((path, own), *((each, found) for each, found in states if found))


def _identity(path: str) -> tuple[int, int] | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _is_hook(hooks: str, name: str) -> bool:
    if name.endswith(".sample"):
        return False
    try:
        status = os.stat(child(hooks, name))
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and bool(status.st_mode & 0o111)
