"""What has been received of a stream and is not asked for yet, as bytes or as text."""

from __future__ import annotations

import codecs
from typing import Any

MAX_LINE = 1 << 16
"""A longer line comes in parts, so that one that never ends costs no more than this."""


class Buffer:
    """Pieces go in at one end, and lines or parts come out at the other."""

    def __init__(self, text: bool) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace") if text else None
        self._end: Any = "\n" if text else b"\n"
        self._empty: Any = "" if text else b""
        self._data: Any = self._empty
        self._at = 0
        self.is_over = False
        """Nothing more comes in."""

    def add(self, chunk: bytes) -> None:
        """What was received; nothing at the end."""
        self.is_over = not chunk
        piece = chunk if self._decoder is None else self._decoder.decode(chunk, not chunk)
        self._data = self._data[self._at :] + piece if self._at else self._data + piece
        self._at = 0

    @property
    def has_some(self) -> bool:
        """True when a part of it can be had at once."""
        return self._at < len(self._data)

    def part(self, size: int) -> Any:
        """So much at the most; None where more has to come in first."""
        if self._at < len(self._data):
            return self._take(min(len(self._data), self._at + max(size, 0)))
        return self._empty if self.is_over or size <= 0 else None

    def line(self, size: int) -> Any:
        """A line with its end, the first `size` of a longer one, or what is left at the end."""
        limit = self._at + max(size, 1)
        found = self._data.find(self._end, self._at, limit)
        if found >= 0:
            return self._take(found + 1)
        if len(self._data) >= limit:
            return self._take(limit)
        return self._take(len(self._data)) if self.is_over else None

    def _take(self, until: int) -> Any:
        found = self._data[self._at : until]
        self._at = until
        return found
