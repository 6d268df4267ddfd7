"""Which of a start's looks are made in one call, and in what order: `shims/linux/looks.py`.

Each finds there what it finds by `kinds_of_looks.py`, byte by byte. What cannot be said to it is
left to that.
"""

from __future__ import annotations

import struct
import sys

from nono.shims.linux.looks import can_look, digest, packed
from nono.supervisor.kinds_of_looks import FEW, MAX_CONTENT, MAX_NAMES

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from collections.abc import Callable, Sequence

    from nono.supervisor.noted_looks import Asked

    Said = tuple[tuple[str, ...], int, int]
    """Words, a number, and of how many names or bytes."""

__all__ = ["digest", "divided"]


def _plain(*paths: str) -> Said:
    return paths, 0, 0


def _with_number(path: str, number: int) -> Said:
    return (path,), number, 0


def _listed(path: str, names: Sequence[str] = ()) -> Said:
    return (path, *names), 0, MAX_NAMES


def _of_most(path: str, most: int) -> Said:
    return (path,), 0, most


def _leaf(path: str, links: int, size: int) -> Said:
    return (path,), links, size


def _opened(path: str, flags: int) -> Said:
    return (path,), flags, MAX_CONTENT


_SAID: dict[str, Callable[..., Said]] = {
    **dict.fromkeys(("lstat", "stat", "links", "sources", "settled", "readlink"), _plain),
    **dict.fromkeys(("file", "larger", "access"), _with_number),
    **dict.fromkeys(("lists", "listdir", "scandir", "inodes"), _listed),
    **dict.fromkeys(("there", "directories", "folded", "linked"), _listed),
    **dict.fromkeys(("apart", "bytes"), _of_most),
    "opened": _opened,
    "leaf": _leaf,
}


def divided(asked: Sequence[Asked]) -> tuple[bytes, list[Asked], list[Asked]]:
    """Looks as they are made in one call, and which these are; and the others."""
    at_once: list[Asked] = []
    others: list[Asked] = []
    pieces = []
    can = can_look() and sys.getfilesystemencoding() == "utf-8"
    # Those at one directory follow each other: it is listed once.
    for each in sorted(asked, key=lambda each: repr((each[1], each))):
        piece = _packed(each) if can else b""
        (at_once if piece else others).append(each)
        pieces.append(piece)
    return b"".join(pieces), at_once, others


def _packed(asked: Asked) -> bytes:
    """Nothing for what cannot be said."""
    kind, *said = asked
    if kind not in _SAID:
        return b""
    words, number, most = _SAID[kind](*said)
    if kind == "there" and len(words) <= FEW + 1:
        kind = "exist"
    try:
        return packed(kind, [_bytes(word) for word in words], number, most)
    except (ValueError, struct.error):
        return b""


def _bytes(word: str) -> bytes:
    return word.encode("utf-8", "surrogateescape")
