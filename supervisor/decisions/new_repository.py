"""What git would run, believe or go on with in a repository that a run made.

One that is understood completely and holds nothing that runs, as after a clone, is nothing to tell
of. What is in doubt is named.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator

from nono.broker.errors import NotUnderstoodError
from nono.broker.git_config import first_that_runs, work_trees
from nono.broker.rules.paths import child, is_within, lineage
from nono.supervisor.planning.git.git_files import (
    common,
    exact_common,
    exact_link,
    kind_of,
    names_in,
)
from nono.supervisor.planning.git.git_settings import Configurations
from nono.supervisor.planning.git.repositories import is_bare
from nono.supervisor.walk import plain

CONFIGS = ("config", "config.worktree")
_NO_LINKS = (*CONFIGS, "HEAD", "hooks", "commondir", "objects", "refs")
_REMOTES = ("remotes", "branches")
_MAX_HOOKS = 2000
"""Of one directory."""
_MAX_ALL_HOOKS = 100_000
"""Names in all of them, git's samples among them: a link makes one the hooks of any repository."""
_MAX_REMOTES = 10
_MAX_DEPTH = 100
"""Directories above one, each of which could be git's own."""


def running(
    directory: str,
    is_kept: Callable[[bytes], bool],
    was_there: Callable[[str], bool],
    configurations: Configurations,
    hooks: Hooks,
) -> Iterator[str]:
    """The paths in a repository's directory. `is_kept` says of the path of a remote whether no run
    could make a repository there; `was_there` of a directory that it is a repository's of before.
    Of more configurations and hooks than are read each may run something.
    """
    for name in _NO_LINKS:
        path = child(directory, name)
        if kind_of(path) == stat.S_IFLNK:
            yield path
    for path in (child(directory, name) for name in CONFIGS):
        if _may_run(directory, path, is_kept, configurations):
            yield path
    yield from hooks.of(child(directory, "hooks"))
    for name in _REMOTES:
        place = child(directory, name)
        yield from (child(place, each) for each in names_in(place, _MAX_REMOTES))
    shared = child(directory, "commondir")
    if os.path.lexists(shared):
        to = exact_common(directory)
        if to is None or not was_there(to):
            yield shared
        for each in common(directory):
            if each != directory and not was_there(each):
                for path in (child(each, name) for name in CONFIGS):
                    if _may_run(each, path, is_kept, configurations):
                        yield path
                yield from hooks.of(child(each, "hooks"))
    alternates = child(directory, "objects/info/alternates")
    if os.path.lexists(alternates):
        yield alternates


def _may_run(
    directory: str,
    config: str,
    is_kept: Callable[[bytes], bool],
    configurations: Configurations,
) -> bool:
    """Whether a configuration has a setting that runs something or leads elsewhere, or may."""
    kind = kind_of(config)
    if kind is None:
        return False
    try:
        text = configurations.text(config)
        if kind not in (stat.S_IFREG, stat.S_IFLNK) or (not text and os.lstat(config).st_size):
            return True
        return first_that_runs(text, is_kept) is not None or _writes_elsewhere(directory, text)
    except NotUnderstoodError:
        return True


def _writes_elsewhere(directory: str, config: bytes) -> bool:
    """Whether git's files would go anywhere but to where a `.git` leads back: into a home, say, or
    into what is git's own. Raises NotUnderstoodError."""
    named = work_trees(config)
    tops = [plain(os.path.join(directory, os.fsdecode(each))) for each in named]
    return any(
        exact_link(child(top, ".git")) != directory
        or is_gits(top)
        or any(not is_within(directory, each) for each in passed)
        for top, passed in tops
    )


def is_gits(path: str) -> bool:
    """Whether a path is, or lies in, a repository's own directory, or so deep that it may."""
    if "/.git/" in f"{path}/" or path.count("/") > _MAX_DEPTH:
        return True
    return any(is_bare(each) for each in lineage(path))


class Hooks:
    """Those that one look finds: no more than so many names in all directories together."""

    def __init__(self) -> None:
        self._left = _MAX_ALL_HOOKS

    @property
    def are_too_many(self) -> bool:
        """Whether no other directory is looked into."""
        return self._left < 0

    def of(self, directory: str) -> Iterator[str]:
        """Everything in a directory of hooks but git's samples; itself where there is too much."""
        kind = kind_of(directory)
        if kind is None:
            return
        if self.are_too_many or kind not in (stat.S_IFDIR, stat.S_IFLNK):
            yield directory
            return
        try:
            with os.scandir(directory) as entries:
                for number, entry in enumerate(entries):
                    self._left -= 1
                    if number == _MAX_HOOKS or self.are_too_many:
                        yield directory
                        return
                    if not entry.name.endswith(".sample"):
                        yield entry.path
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError:
            yield directory
