"""A stream on its way, made unreadable where it shows the key, in pieces that take no long time.

Text that is escaped at every byte takes a thousand times as long to look through as plain text, and
many a service repeats what a program sends it. All that nono serves in this thread waits meanwhile,
and so do the ends of time limits: what is bounded is the time.
"""

from __future__ import annotations

import time
from typing import Final

from nono.broker.credentials.masking import Mask, Masking
from nono.broker.credentials.spellings import INTRODUCERS

_MAX_SPELT: Final = 128
"""Beginnings of spellings that are looked through at once: 30 milliseconds at worst."""
_PIECE: Final = 512
"""Bytes that are not divided any more: as long, when nothing but spellings is in them."""
_BEGINNINGS: Final = [bytes((each,)) for each in sorted(INTRODUCERS)]


def spelt(data: bytes) -> int:
    """How many spellings of characters may begin in it: what makes it slow to look through."""
    return sum([data.count(each) for each in _BEGINNINGS])


def is_soon_read(length: int, data: bytes) -> bool:
    """Whether so much of it can be looked through at once."""
    return length <= _PIECE or spelt(data[:length]) <= _MAX_SPELT


class Masked:
    """What is added is taken, in pieces. `is_empty` tells when all was."""

    __slots__ = ("_data", "_masking")

    def __init__(self, mask: Mask) -> None:
        self._masking = Masking(mask)
        self._data = b""

    @property
    def is_empty(self) -> bool:
        return not self._data

    def add(self, data: bytes) -> None:
        """To what is not taken yet, of which there is at most one piece of a stream."""
        self._data += data

    def take(self, end: float) -> bytes:
        """As much as can be looked through until `end`, and one piece at least."""
        taken = b""
        while self._data:
            length = len(self._data)
            while not is_soon_read(length, self._data):
                length //= 2
            piece, self._data = self._data[:length], self._data[length:]
            taken += self._masking.feed(piece)
            if time.monotonic() >= end:
                break
        return taken

    def finish(self) -> bytes:
        """The rest, at the end of the stream and when all was taken."""
        return self._masking.finish()
