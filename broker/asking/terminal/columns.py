"""Text in the columns of a terminal: how wide it is, cut and wrapped to a width.

Only for text that is visible already (`broker.visible`): nothing in it moves the cursor.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

_ELLIPSIS = "…"
_WIDE = frozenset("WF")


def width(text: str) -> int:
    """The columns that a text takes: two for wide characters, none for what is put on another."""
    return sum(map(_columns, text))


def _columns(character: str) -> int:
    if character.isascii():
        return 1
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in _WIDE else 1


def cut(text: str, columns: int) -> str:
    """At most so many columns: a longer text loses its middle and keeps both ends."""
    if width(text) <= columns:
        return text
    room = columns - 1
    if room <= 0:
        return _ELLIPSIS[: max(columns, 0)]
    tail = _beginning(text[::-1], room // 2)[::-1]
    return _beginning(text, room - width(tail)) + _ELLIPSIS + tail


def _beginning(text: str, columns: int) -> str:
    used = 0
    for index, character in enumerate(text):
        used += _columns(character)
        if used > columns:
            return text[:index]
    return text


def wrapped(text: str, columns: int, most: int) -> list[str]:
    """The text in at most `most` lines; what is longer loses its middle."""
    text = cut(text, columns * most - most)
    return list(_lines(text, columns)) or [""]


def rows_of(text: str, columns: int) -> int:
    """How many rows a terminal of so many columns shows it on."""
    return max(sum(1 for _ in _lines(text, max(columns, 1))), 1)


def _lines(text: str, columns: int) -> Iterator[str]:
    while text:
        # At least one character, so that it ends where one is wider than the line.
        line = _beginning(text, columns) or text[0]
        yield line
        text = text[len(line) :]


def padded(text: str, columns: int) -> str:
    """The text, filled up with spaces."""
    return text + " " * (columns - width(text))
