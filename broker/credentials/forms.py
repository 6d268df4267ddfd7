"""The forms that a key is repeated in, and how far one of them has been read."""

from __future__ import annotations

import base64
import bisect
from collections.abc import Callable, Iterator

_END = 0


class Forms:
    """All forms of some keys: as they are, in base64 wherever they begin, in hexadecimal.

    A *place* is a number for a form and how many of its characters have been read.
    """

    def __init__(self, *keys: bytes) -> None:
        self.plain = sorted({form for key in keys for form in _plain(key)})
        encoded = {form for key in keys for form in _encoded(key)}
        self.encoded = sorted(encoded - {*self.plain})
        """Those that may be wrapped into lines."""
        self.shortest = min(map(len, (*self.plain, *self.encoded)))
        self._text = b""
        self._starts: list[int] = []
        for form in (*self.plain, *self.encoded):
            self._starts.append(len(self._text))
            self._text += form + bytes((_END,))
        self._first_encoded = self._starts[len(self.plain)]

    def begin(self, char: int) -> Iterator[int]:
        """The places behind a first character."""
        return (start + 1 for start in self._starts if self._text[start] == char)

    def goes_on(self, place: int, char: int) -> bool:
        """Whether this character is the next one; the place behind it is one more."""
        return self._text[place] == char

    def is_whole(self, place: int) -> bool:
        """Whether that was the last character."""
        return self._text[place] == _END

    def may_be_wrapped(self, place: int) -> bool:
        """Whether a line break may come before the next character."""
        return place >= self._first_encoded

    def count(self, place: int) -> int:
        """How many characters have been read."""
        return place - self._starts[bisect.bisect_right(self._starts, place) - 1]


def _plain(key: bytes) -> Iterator[bytes]:
    for each in (key, key.replace(b" ", b"+")):  # HTML forms write a space so
        yield each
        yield each.lower()  # in the name of a header, which we pass on in lower case


def _encoded(key: bytes) -> Iterator[bytes]:
    yield from _in_base64(key, base64.b64encode)
    yield from _in_base64(key, base64.urlsafe_b64encode)
    yield key.hex().encode()
    yield key.hex().upper().encode()


def _in_base64(key: bytes, encode: Callable[[bytes], bytes]) -> Iterator[bytes]:
    """The characters that the key alone decides, whatever stands before and behind it."""
    for before in range(3):
        encoded = encode(bytes(before) + key)
        first = (before * 8 + 5) // 6
        last = (before + len(key)) * 8 // 6
        yield encoded[first:last]
