"""A file of the machine that is read again when it was changed."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Generic, TypeVar

_T = TypeVar("_T")


class WatchedFile(Generic[_T]):
    """What `parse` makes of the first `limit` bytes of a file; of none when it cannot be read.

    `current` is called by one thread; `if_current` may be called by any.
    """

    def __init__(self, path: str, parse: Callable[[bytes], _T], limit: int) -> None:
        self._path = path
        self._parse = parse
        self._limit = limit
        self._read: tuple[tuple[int, ...], _T] | None = None

    def current(self) -> _T:
        """The parsed content; the file is read when it is not the one that was read last."""
        value = self.if_current()
        if value is None:
            # Taken before the content: a change in between shows the next time.
            signature = self._signature()
            value = self._parse(self._content())
            self._read = signature, value
        return value

    def if_current(self) -> _T | None:
        """The same without reading anything; None when the file would have to be read."""
        read = self._read
        return read[1] if read is not None and read[0] == self._signature() else None

    @property
    def signature(self) -> tuple[int, ...]:
        """Of the file that was read last: time, size, inode, device; nothing if there was none."""
        return self._read[0] if self._read is not None else ()

    def _signature(self) -> tuple[int, ...]:
        try:
            status = os.stat(self._path)
        except OSError:
            return ()
        return status.st_mtime_ns, status.st_size, status.st_ino, status.st_dev

    def _content(self) -> bytes:
        try:
            with open(self._path, "rb") as file:
                return file.read(self._limit)
        except OSError:
            return b""
