"""The files of a session: `records`, then `records.1` and so on, with one chain in all of them.

A file that is full is left as it is, and the next record begins another. No record is in two files,
and none is ever removed from a session: a flood must not push out what was recorded before it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from itertools import count

from nono.broker.compiled import pattern_of

RECORDS = "records"
MAX_FILE_BYTES = 256 << 20
_NAME = pattern_of(rf"{RECORDS}(\.[1-9]\d{{0,5}})?")
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_CHUNK = 1 << 20


class RecordFiles:
    """Of a session that is being written. Used by one thread at a time."""

    def __init__(self, directory: int) -> None:
        """Begin the first file in a session's directory. Raises OSError."""
        self._directory = os.dup(directory)
        try:
            self.first = os.open(RECORDS, _NEW, 0o600, dir_fd=directory)
        except OSError:
            os.close(self._directory)
            raise
        """Kept to the end: a lock on it says that the session runs."""
        self._file = self.first
        self._number = 0
        self._begin = 0
        self._size = 0

    @property
    def last(self) -> int:
        """The descriptor of the file that the next record is appended to, if it is not full."""
        return self._file

    @property
    def bound(self) -> int:
        """The bytes of all files beyond which another one has to be begun."""
        return self._begin + MAX_FILE_BYTES

    def note_size(self, size: int) -> None:
        """Somebody else has appended to the last file: so many bytes are in all of them."""
        self._size = size - self._begin

    def append(self, record: bytes) -> None:
        """Write a record behind the others. Raises OSError; a part of it may be there then."""
        if self._size and self._size + len(record) > MAX_FILE_BYTES:
            self._begin_another()
        written = os.write(self._file, record)
        while written < len(record):  # the next attempt says why
            written += os.write(self._file, record[written:])
        self._size += len(record)

    def _begin_another(self) -> None:
        new = os.open(_name(self._number + 1), _NEW, 0o600, dir_fd=self._directory)
        os.fchmod(new, 0o600)  # this thread may have the umask of a program that it makes files for
        if self._file != self.first:
            os.close(self._file)
        self._file = new
        self._number += 1
        self._begin += self._size
        self._size = 0

    def cut(self, size: int) -> None:
        """Remove what is behind the first `size` bytes of all files. Raises OSError."""
        os.ftruncate(self._file, max(0, size - self._begin))

    def close(self) -> None:
        if self._file != self.first:
            os.close(self._file)
        os.close(self.first)
        os.close(self._directory)


def chunks(directory: str, begin: int = 0) -> Iterator[bytes]:
    """Everything in the files of a session, in turn, from a byte of all of them on.

    Raises OSError.
    """
    for number in count():
        try:
            fd = os.open(os.path.join(directory, _name(number)), _READ)
        except FileNotFoundError:
            if not number:
                raise
            return
        with open(fd, "rb") as file:
            size = os.fstat(fd).st_size
            file.seek(min(begin, size))
            begin -= min(begin, size)
            while chunk := file.read(_CHUNK):
                yield chunk


def total_size(directory: int, name: str) -> int:
    """The bytes of all files of the session `name` in a directory of sessions; 0 without any."""
    size = 0
    with contextlib.suppress(OSError):
        size = os.stat(f"{name}/{RECORDS}", dir_fd=directory, follow_symlinks=False).st_size
        if size < MAX_FILE_BYTES // 2:  # no record is so long: this file has none behind it
            return size
        size = 0
        for file in file_names(directory, name):
            size += os.stat(f"{name}/{file}", dir_fd=directory, follow_symlinks=False).st_size
    return size


def file_names(directory: int, name: str) -> list[str]:
    """What there is of records in a session, the first file last. Raises OSError."""
    fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=directory)
    try:
        return sorted(filter(_NAME.fullmatch, os.listdir(fd)), reverse=True)
    finally:
        os.close(fd)


def _name(number: int) -> str:
    return f"{RECORDS}.{number}" if number else RECORDS
