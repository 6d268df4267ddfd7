"""Where output may be interrupted: between characters of UTF-8 and between escape sequences.

See ECMA-48, sections 5.4 and 5.6, and RFC 3629.
"""

from __future__ import annotations

import re

_ESCAPE = 0x1B
_BEL = 0x07
_MAX_LENGTH = 4096
"""Of what is looked at: a longer string is taken for one that never ends."""

_INCOMPLETE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|[ -/]*)\Z")
_STRING = re.compile(rb"\x1b[\]P_^X]")


def unfinished(data: bytes) -> int:
    """How many bytes at the end are the beginning of a sequence, a string or a character."""
    tail = data[-_MAX_LENGTH:]
    start = _open_string(tail)
    if start >= 0:
        return len(tail) - start
    last = tail.rfind(_ESCAPE)
    if last >= 0 and _INCOMPLETE.match(tail, last):
        return len(tail) - last
    return _unfinished_character(tail)


def _open_string(tail: bytes) -> int:
    """Where a string begins that has no end yet; -1 when none does."""
    position = 0
    while found := _STRING.search(tail, position):
        end = tail.find(b"\x1b\\", found.end())
        bell = tail.find(_BEL, found.end()) if tail[found.start() + 1] == ord("]") else -1
        ends = [each for each in (end, bell) if each >= 0]
        if not ends:
            return found.start()
        position = min(ends) + 1
    return -1


def _unfinished_character(tail: bytes) -> int:
    for back in range(1, min(4, len(tail)) + 1):
        byte = tail[-back]
        if byte < 0x80:
            return 0
        if byte >= 0xC0:
            length = 2 + (byte >= 0xE0) + (byte >= 0xF0)
            return back if back < length else 0
    return 0
