"""Where output may be interrupted: between characters of UTF-8 and between escape sequences.

See ECMA-48, sections 5.4 and 5.6, and RFC 3629.
"""

from __future__ import annotations

import re

_ESCAPE = 0x1B
_BEL = 0x07

_INCOMPLETE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|[ -/]*)\Z")
_STRING = re.compile(rb"\x1b[\]P_^X]")


def unfinished(data: bytes) -> int:
    """How many bytes at the end are the beginning of a sequence, a string or a character."""
    start = _open_string(data)
    if start >= 0:
        return len(data) - start
    last = data.rfind(_ESCAPE)
    if last >= 0 and _INCOMPLETE.match(data, last):
        return len(data) - last
    return _unfinished_character(data)


def _open_string(data: bytes) -> int:
    """Where a string begins that has no end yet; -1 when none does."""
    position = 0
    while found := _STRING.search(data, position):
        end = data.find(b"\x1b\\", found.end())
        bell = data.find(_BEL, found.end()) if data[found.start() + 1] == ord("]") else -1
        ends = [each for each in (end, bell) if each >= 0]
        if not ends:
            return found.start()
        position = min(ends) + 1
    return -1


def _unfinished_character(data: bytes) -> int:
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte < 0x80:
            return 0
        if byte >= 0xC0:
            length = 2 + (byte >= 0xE0) + (byte >= 0xF0)
            return back if back < length else 0
    return 0
