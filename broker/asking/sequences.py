"""Where output may be interrupted: between characters of UTF-8 and between escape sequences.

See ECMA-48, sections 5.4 and 5.6, and RFC 3629.
"""

from __future__ import annotations

import re

_ESCAPE = 0x1B

_INCOMPLETE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|[ -/]*)\Z")
_STRING = re.compile(rb"\x1b[\]P_^X]")
_COMMAND_END = re.compile(rb"\x1b\\|\x07")
_END = re.compile(rb"\x1b\\")


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
        # The nearest end only, so that nothing is looked at twice.
        is_command = data[found.start() + 1] == ord("]")
        end = (_COMMAND_END if is_command else _END).search(data, found.end())
        if end is None:
            return found.start()
        position = end.end()
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
