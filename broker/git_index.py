"""git's index: which paths are repositories of their own to it (gitformat-index(5)).

`git status` enters each of them, and runs what its configuration and hooks say. The file may be
made by a program to be read differently by git and by us: where there is a doubt it is not
understood.
"""

from __future__ import annotations

from collections.abc import Iterator

from nono.broker.errors import NotUnderstoodError

MAX_BYTES = 1 << 26
MAX_ENTRIES = 500_000
USUAL_MODE = b"\0\0\xe0\0"
"""The mode of such an entry as git writes it. Where these bytes are not, git wrote none."""

_VERSIONS = (b"\0\0\0\2", b"\0\0\0\3", b"\0\0\0\4")
_HASHES = (20, 32)
_HEADER = 12
_MODE = 24
_BLOCKS = b"IEOT"


def entries(data: bytes) -> int:
    """How many there are said to be: no more are read."""
    return int.from_bytes(data[8:_HEADER]) if _is_one(data) else 0


def gitlinks(data: bytes, most: int = MAX_ENTRIES) -> list[bytes]:
    """The paths of entries that git takes for repositories; where there are more than `most`, some
    that are too many. Raises NotUnderstoodError.

    Which hash is used stands elsewhere, so what either reading gives counts.
    """
    if not _is_one(data):
        return []
    found: set[bytes] = set()
    understood = False
    for size in _HASHES:
        try:
            found.update(_read(data, size, most))
        except (NotUnderstoodError, IndexError):
            continue
        understood = True
    if not understood:
        raise NotUnderstoodError("git's index has a form that is not known")
    return sorted(found)


def _is_one(data: bytes) -> bool:
    """git reads no other."""
    return data[:4] == b"DIRC" and data[4:8] in _VERSIONS and len(data) >= _HEADER


def _read(data: bytes, size: int, most: int) -> list[bytes]:
    version = int.from_bytes(data[4:8])
    count = entries(data)
    if count > MAX_ENTRIES or len(data) > MAX_BYTES:
        raise _not_understood()
    found, starts = [], {_HEADER: 0}
    read = _packed(data, size, count) if version == 4 else _padded(data, size, count)
    for number, (end, mode, name) in enumerate(read, 1):
        starts[end] = number
        # Only these bits count, whatever else is in the mode.
        if mode & 0xF0 == 0xE0:
            found.append(name)
            if len(found) > most:
                return found
    _require_blocks(data, starts)
    return found


def _padded(data: bytes, size: int, count: int) -> Iterator[tuple[int, int, bytes]]:
    """Where each entry ends, the byte of its mode that tells its kind, and its name."""
    at, flags_at = _HEADER, _MODE + 16 + size
    for _ in range(count):
        flags = data[at + flags_at] << 8 | data[at + flags_at + 1]
        start = at + flags_at + (4 if flags & 0x4000 else 2)
        end = _end_of_name(data, start)
        if flags & 0xFFF not in (end - start, 0xFFF):
            raise _not_understood()
        mode = data[at + _MODE + 2]
        at += (end - at + 8) & ~7
        yield at, mode, data[start:end]


def _packed(data: bytes, size: int, count: int) -> Iterator[tuple[int, int, bytes]]:
    """As `_padded`, for version 4: a name begins as the one before does."""
    at, flags_at, name = _HEADER, _MODE + 16 + size, b""
    for _ in range(count):
        flags = data[at + flags_at] << 8 | data[at + flags_at + 1]
        start = at + flags_at + (4 if flags & 0x4000 else 2)
        dropped, start = _number(data, start)
        end = _end_of_name(data, start)
        if dropped > len(name):
            raise _not_understood()
        name = name[: len(name) - dropped] + data[start:end]
        if flags & 0xFFF not in (len(name), 0xFFF):
            raise _not_understood()
        mode = data[at + _MODE + 2]
        at = end + 1
        yield at, mode, name


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, the highest first and each but the last one too small."""
    byte = data[at]
    value = byte & 0x7F
    while byte & 0x80:
        at += 1
        byte = data[at]
        value = (value + 1 << 7) + (byte & 0x7F)
        if value > MAX_BYTES:
            raise _not_understood()
    return value, at + 1


def _end_of_name(data: bytes, start: int) -> int:
    end = data.find(b"\0", start)
    if end < 0:
        raise _not_understood()
    return end


def _require_blocks(data: bytes, starts: dict[int, int]) -> None:
    """Every table of blocks, which git reads by several threads, has the entries in their order."""
    at = data.find(_BLOCKS)
    while at >= 0:
        size = int.from_bytes(data[at + 4 : at + 8])
        table = data[at + 12 : at + 8 + size]
        numbers = [int.from_bytes(table[i : i + 4]) for i in range(0, len(table), 4)]
        before = 0
        for offset, count in zip(numbers[::2], numbers[1::2], strict=False):
            if starts.get(offset) != before:
                raise _not_understood()
            before += count
        at = data.find(_BLOCKS, at + 4)


def _not_understood() -> NotUnderstoodError:
    return NotUnderstoodError("git's index has a form that is not known")
