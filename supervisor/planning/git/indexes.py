"""What git's indexes say are repositories, in bounds that are of all indexes together.

A program can leave as many of them as it likes, each as full as git takes one: a link makes one
file the index of one more repository.
"""

from __future__ import annotations

from nono.broker.errors import NotUnderstoodError
from nono.broker.git_index import MAX_BYTES, MAX_ENTRIES, USUAL_MODE, entries, gitlinks
from nono.broker.rules.paths import child
from nono.supervisor.descriptors import bytes_of
from nono.supervisor.planning.git.git_files import is_unread, names_in

_MAX_ALL_BYTES = 1 << 29
_MAX_ALL_ENTRIES = 2 * MAX_ENTRIES
"""Of indexes in which there are repositories."""
_MAX_GITLINKS = 5000
"""Each is looked for."""
_MAX_FILES = 2000
"""An index may be in parts."""
_MAX_NAMES = 100_000
"""Beside the indexes."""


class ShutError(NotUnderstoodError):
    """A run may have seen to it that an index tells nothing: it is closed, or there is too much
    in it. The message begins with its path."""


class Indexes:
    """Those that one search reads."""

    def __init__(self) -> None:
        self._bytes, self._entries = _MAX_ALL_BYTES, _MAX_ALL_ENTRIES
        self._gitlinks, self._files, self._names = _MAX_GITLINKS, _MAX_FILES, _MAX_NAMES

    def gitlinks(self, directory: str, *, whole: bool = False) -> list[bytes]:
        """The paths, in its work tree, of what git enters from a repository; `whole` is for an
        index that a program may have made. Raises NotUnderstoodError."""
        files: list[str] = []
        try:
            self._require(directory, self._files, self._names)
            files += self._files_of(directory)
            self._require(directory, self._files, self._names)
            found = self._read(directory, files, whole=whole)
        except ShutError:
            raise
        except NotUnderstoodError:
            for file in filter(is_unread, files):
                raise ShutError(f"{file}: cannot be read") from None
            raise
        return sorted(found)

    def _files_of(self, directory: str) -> list[str]:
        names = names_in(directory)
        files = ["index", *(name for name in names if name.startswith("sharedindex."))]
        self._names -= len(names)
        self._files -= len(files) - 1
        return [child(directory, file) for file in files]

    def _read(self, directory: str, files: list[str], *, whole: bool) -> set[bytes]:
        found: set[bytes] = set()
        for file in files:
            text = bytes_of(file, MAX_BYTES + 1) if self._bytes >= 0 else b""
            self._bytes -= len(text)
            if self._bytes < 0:
                raise NotUnderstoodError("git's indexes are too large")
            if not text and is_unread(file):
                raise NotUnderstoodError("git's index cannot be read")
            if text and (whole or USUAL_MODE in text):
                self._entries -= min(entries(text), MAX_ENTRIES)
                self._require(directory, self._entries, self._gitlinks)
                read = gitlinks(text, self._gitlinks)
                self._gitlinks -= len(read)
                self._require(directory, self._gitlinks)
                found.update(read)
        return found

    def _require(self, directory: str, *left: int) -> None:
        """Raises ShutError, also for every index after one that was too much."""
        if min(left) < 0:
            raise ShutError(f"{child(directory, 'index')}: too much is in git's indexes")
