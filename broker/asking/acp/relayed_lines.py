"""Lines on their way through us: whole ones are looked at, those that are too long passed on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

MAX_READ = 1 << 20
"""The bytes of a line that is looked at. Nothing that we wait for is longer."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes of the stream, a newline at their end included. `line` is false for a part of one."""

    data: bytes
    line: bool
    ends: bool


class RelayedLines:
    """Cuts one direction of a conversation into pieces, none of which is lost."""

    def __init__(self, limit: int = MAX_READ) -> None:
        self._limit = limit
        self._begun = bytearray()
        self._passes = False

    def feed(self, data: bytes) -> Iterator[Piece]:
        """The pieces that are complete by now."""
        while data:
            part, newline, data = data.partition(b"\n")
            self._begun += part + newline
            if newline:
                yield self._take(line=not self._passes, ends=True)
                self._passes = False
            elif self._passes or len(self._begun) > self._limit:
                self._passes = True
                yield self._take(line=False, ends=False)

    def end(self) -> bytes:
        """What is left when the stream has ended."""
        left, self._begun = bytes(self._begun), bytearray()
        return left

    def _take(self, line: bool, ends: bool) -> Piece:
        data, self._begun = bytes(self._begun), bytearray()
        return Piece(data, line and len(data) <= self._limit + 1, ends)
