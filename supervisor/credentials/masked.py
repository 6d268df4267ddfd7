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
"""Beginnings of spellings that are looked for at once: 2 milliseconds at worst."""
_PIECE: Final = 512
"""Bytes that are not divided any more: as long, when nothing but spellings is in them."""
_BEGINNINGS: Final = [bytes((each,)) for each in sorted(INTRODUCERS)]


def spelt(data: bytes) -> int:
    """How many spellings of characters may begin in it: what makes it slow to look through."""
    return sum([data.count(each) for each in _BEGINNINGS])


def is_soon_read(length: int, data: bytes) -> bool:
    """Whether it is soon told if a key may begin in so much of it."""
    return length <= _PIECE or spelt(data[:length]) <= _MAX_SPELT


class Masked:
    """What is added is taken, in pieces. `is_empty` tells when all was."""

    __slots__ = ("_data", "_masking")

    def __init__(self, mask: Mask) -> None:
        self._masking = Masking(mask)
        self._data = b""

    @property
    def is_empty(self) -> bool:
        return not (self._data or self._masking.has_more)

    def add(self, data: bytes) -> None:
        """To what is not taken yet, of which there is at most one piece of a stream."""
        self._data += data

    def take(self, end: float) -> bytes:
        """What has been looked through at `end`, by the clock of time.monotonic.

        That is some of it at least, if not yet to be told.
        """

        def is_over(work: int) -> bool:
            return time.monotonic() >= end

        taken = b""
        while not self.is_empty:
            if self._masking.has_more:
                taken += self._masking.go_on(is_over)
            else:
                taken += self._masking.feed(self._piece(), is_over)
            if is_over(0):
                break
        return taken

    def _piece(self) -> bytes:
        length = len(self._data)
        while not is_soon_read(length, self._data):
            length //= 2
        piece, self._data = self._data[:length], self._data[length:]
        return piece

    def finish(self) -> bytes:
        """The rest, at the end of the stream and when all was taken."""
        return self._masking.finish()
