"""Where output may be interrupted: between characters of UTF-8 and between escape sequences.

See ECMA-48, sections 5.4 and 5.6, and RFC 3629; for control characters inside of sequences the
manuals of the VT100 and of its successors, as all terminals do it.
"""

from __future__ import annotations

import re

_ESCAPE = 0x1B

_INCOMPLETE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|[ -/]*)\Z")
_STRING = re.compile(rb"\x1b[\]P_^X]")
_COMMAND_END = re.compile(rb"\x1b\\|\x07")
_END = re.compile(rb"\x1b\\")

# All but ESC, CAN and SUB, which end the sequence that they are in.
_DONE_AT_ONCE = bytes((*range(0x18), 0x19, *range(0x1C, 0x20), 0x7F))
_BEGUN = re.compile(
    rb"\x1b[\x00-\x17\x19\x1c-\x2f\x7f]*(?:\[[\x00-\x17\x19\x1c-\x3f\x7f]*)?(?P<final>[0-~])?"
)
_STRINGS = (b"]", b"P", b"_", b"^", b"X")


def sorted_out(data: bytes) -> bytes:
    """The same, with control characters that stand in the middle of a sequence behind it.

    A terminal does at once what they say, or nothing, and the sequence goes on: NUL in it hides it
    from nobody. What is not at its end yet, or is a string, has them before it.
    """
    return _BEGUN.sub(_sorted_out, data)


def _sorted_out(found: re.Match[bytes]) -> bytes:
    whole = found.group()
    sequence = whole.translate(None, _DONE_AT_ONCE)
    if len(sequence) == len(whole):
        return whole
    done = bytes(each for each in whole if each in _DONE_AT_ONCE)
    is_ended = found["final"] is not None and sequence[1:] not in _STRINGS
    return sequence + done if is_ended else done + sequence


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
