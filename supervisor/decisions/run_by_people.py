"""What people run without looking, such as a Makefile: what of it a run has changed.

A run may write it, since that is most of what there is to do in a project. So it is compared:
known names in the directories that a person opened for writing, and one level below.
"""

from __future__ import annotations

import itertools
import os
import stat
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from nono.broker import Rule
from nono.broker.datafile import data
from nono.broker.rules.paths import child
from nono.supervisor.planning.start_files import written_directories

_MAX_DIRECTORIES = 64
_MAX_ENTRIES = 2000
_NOT_LOOKED_INTO = frozenset({"node_modules", "__pycache__", "target"})
_REPOSITORY = ".git"


class _State(NamedTuple):
    """Enough to tell that a file is another or has another content."""

    device: int
    inode: int
    size: int
    modified: int
    changed: int


class RunByPeople:
    """The files as they are at the start. Bounded: of very many, some are left out."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._directories = sorted(written_directories(rules))
        self._before = dict(self._states())

    def changed(self) -> list[str]:
        """The paths of those that are new or not as they were, sorted."""
        after = dict(self._states())
        return sorted(path for path, state in after.items() if state != self._before.get(path))

    def _states(self) -> Iterator[tuple[str, _State]]:
        names = frozenset(data("start_files")["run_knowingly"])
        for top in self._directories:
            entries = _entries(top)
            below = [
                entry.path
                for entry in entries
                if not entry.name.startswith(".")
                and entry.name not in _NOT_LOOKED_INTO
                and entry.is_dir(follow_symlinks=False)
            ]
            yield from _named(entries, names)
            for directory in below[:_MAX_DIRECTORIES]:
                yield from _named(_entries(directory), names)
            for directory in data("start_files")["run_knowingly_in"]:
                yield from _named(_entries(child(top, directory)), None)


def _entries(directory: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            found = list(itertools.islice(entries, _MAX_ENTRIES))
    except OSError:
        return []
    return sorted(found, key=lambda entry: entry.name)


def _named(
    entries: Iterable[os.DirEntry[str]], names: frozenset[str] | None
) -> Iterator[tuple[str, _State]]:
    """Of the entries with one of these names, or of every file."""
    for entry in entries:
        if names is not None and entry.name not in names:
            continue
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:
            continue
        if entry.name == _REPOSITORY:
            # Every commit changes it; that it is another one is what counts.
            yield entry.path, _State(status.st_dev, status.st_ino, 0, 0, 0)
        elif not stat.S_ISDIR(status.st_mode):
            yield (
                entry.path,
                _State(
                    status.st_dev,
                    status.st_ino,
                    status.st_size,
                    status.st_mtime_ns,
                    status.st_ctime_ns,
                ),
            )
