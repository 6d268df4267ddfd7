"""Bytes as they come, cut into lines of a bounded length."""

from __future__ import annotations

from collections.abc import Iterator

from nono.broker.asking.control.json_rpc import MAX_LINE


class TooLongError(Exception):
    """A line is longer than is read. What follows it cannot be told from what belongs to it."""


class Lines:
    """The lines of one peer. It holds no more than the one that is not at its end yet."""

    def __init__(self, limit: int = MAX_LINE) -> None:
        self._limit = limit
        self._begun = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The lines that are complete by now, without their newlines; empty ones are left out.

        Raises TooLongError, after those that come before.
        """
        *ended, rest = data.split(b"\n")
        for piece in ended:
            self._append(piece)
            line, self._begun = bytes(self._begun), bytearray()
            if line.strip():
                yield line
        self._append(rest)

    def _append(self, piece: bytes) -> None:
        if len(self._begun) + len(piece) > self._limit:
            raise TooLongError
        self._begun += piece
