"""The modes that a program has put a terminal in, read from what it prints.

Only what a question has to undo, and to put back: the alternate screen, what hides or moves text,
bracketed paste, the mouse, focus, the keyboard protocol of kitty and modifyOtherKeys, the cursor's
visibility, colours and the character set, the scroll region, the title. What can be followed is put
back; that a question is readable depends on nothing that was followed: `RESET` ends all of it. See
xterm's ctlseqs, and kitty's page on its keyboard protocol.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from nono.broker.asking.terminal.sequences import sorted_out, unfinished

_MAX_CARRIED = 4096
_MAX_COLOURS = 512
_MAX_TITLE = 500

# What the program may have named otherwise, so that text could not be seen: it stays so. Not
# otherwise: these colours may be the person's own. The last is the Linux console's.
_COLOURS = b"\x1b]104\x1b\\\x1b]110\x1b\\\x1b]111\x1b\\\x1b]R\x1b\\"
_PALETTE = b"\x1b]P"
"""How the Linux console names a colour: console_codes(4). No end of a string follows."""

# A string or sequence that was begun, the Tektronix mode of xterm, VT52, a locked keyboard, keys
# that the terminal echoes by itself. Then, with the cursor's place kept, as the second and
# the third move it: margins, scroll region, origin, printing, a held frame, reversed and inserted
# text, automatic returns, protected and right-to-left text, colours. The last are kept with the
# place, so they come after it: attributes (hidden text is one), character set, wrapping.
RESET = (
    b"\x18\x1b\x03\x1b\\\x1b<\x1b[2l\x1b[12h\x1b7\x1b[?69l\x1b[r\x1b[?6l\x1b[4i\x1b[?2026l\x1b[?5l\x1b[4l\x1b[20l"
    b'\x1b[0"q\x1b[ k\x1b8\x1b[0m\x1b(B\x0f\x1b[?7h'
)
"""What makes text visible, where it is written, whatever was printed before, with `set_aside`."""

ALTERNATE = (47, 1047, 1049)
_PASTE, _CURSOR, _UPDATE, _ORIGIN, _WRAP, _REVERSE, _MARGINS = 2004, 25, 2026, 6, 7, 5, 69
_POINTER = (9, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1015, 1016)
_IN_THE_WAY = (*_POINTER, 1, 66, _UPDATE, _ORIGIN, _REVERSE, _MARGINS)
_FOLLOWED = frozenset((*ALTERNATE, *_IN_THE_WAY, _PASTE, _CURSOR, _WRAP))
_ON_AT_FIRST = frozenset((_CURSOR, _WRAP))
_HARMLESS = frozenset((8, 12, 45, 1007, 1034, 1035, 1036, 1039, 1048, 2027, 2031, 2048))
_MAX_DIGITS = 5

_SEQUENCE = re.compile(
    rb"\x1b(?:\[(?P<mark>[?>=<!]?)(?P<numbers>[0-9;:]*)(?P<final>[hlmuprJ])"
    rb"|\]0*(?P<kind>[02]);(?P<title>[^\x07\x1b]*)(?:\x07|\x1b\\)"
    rb"|(?P<set>\([0-9A-Za-z])"
    rb"|(?P<plain>[=>c]))"
    rb"|(?P<shift>[\x0e\x0f])"
)

# An escape that begins none of these, which are followed or move and erase no more than text.
_STRANGE = re.compile(
    rb"\x1b(?!\[[0-9;:]*[@-HJ-MPSTXZ`a-gmnr]|\[[su]|\[0*(?:4|20)[hl]|\[\?[0-9;]*[hl]"
    rb"|\[[?>=<][0-9;:]*[mnuc]|\[>[0-9]*q|\[!p|\[\??[0-9;]*\$p|\[[0-9]* q"
    rb"|\[(?:1[4689]|2[1-3])(?:;[0-9]+)*t"
    rb"|\]0*(?:[0-2]|4|5|7|8|9|1[0-9]|52|104|11[0-9]|133|633)[;\x07\x1b]"
    rb"|[()][AB0]|[78=>MDEcH\\])"
)

# A string that may name colours: any but titles, directories, links, marks, and what only asks.
_NAMES_COLOURS = re.compile(
    rb"\x1b(?:P|\](?!0*(?:[0-2]|7|8|9|52|104|11[0-9]|133|633)[;\x07\x1b]"
    rb"|0*(?:1[0-9]|4;[0-9]+);\?(?:\x07|\x1b\\)))"
)
_CONTROL = re.compile(rb"\xc2([\x80-\x9f])")
_REGION = re.compile(rb"[0-9]{0,5}(?:;[0-9]{0,5})?")


class Modes:
    """Follows one terminal. Feed it all that is written there."""

    def __init__(self) -> None:
        self._carried = b""
        self.is_strange = False
        """True once something was printed that is not followed: it may have done anything."""
        self.is_untouched = True
        """True as long as nothing but text was printed."""
        self._reset()

    def _reset(self) -> None:
        self._private = {each: each in _ON_AT_FIRST for each in _FOLLOWED}
        self._keypad = False
        self._kitty = False
        self._inserts = False
        self._names_colours = False
        self._other_keys = b""
        self._colours = b""
        self._charset = b""
        self._shifted = False
        self._region = b""
        self.title = b""
        """What the program has called its window last."""

    @property
    def is_alternate(self) -> bool:
        """True while the program uses the whole screen."""
        return any(self._private[each] for each in ALTERNATE)

    @property
    def pastes_bracketed(self) -> bool:
        """True when the program wants to be told what was pasted."""
        return self._private[_PASTE]

    @property
    def is_between(self) -> bool:
        """True when the output may be interrupted here."""
        return not self._carried and not self._private[_UPDATE]

    def feed(self, data: bytes) -> int | None:
        """Take what is written next.

        Where in it the screen was last begun anew (the alternate screen, or all of it cleared);
        None when it was not. A sequence that began before is at 0.
        """
        if not self._carried and b"\x1b" not in data and data.isascii() and b"\x0e" not in data:
            # Most output; a shift back alone is followed where there is a shift.
            if self._shifted and b"\x0f" in data:
                self._shifted = False
            return None
        self.is_untouched = False
        carried = len(self._carried)
        came = _CONTROL.sub(self._escape, self._carried + data)
        whole = sorted_out(came)
        self.is_strange |= whole != came
        left = unfinished(whole)
        self._carried = _bounded(whole[len(whole) - left :]) if left else b""
        self.is_strange |= _STRANGE.search(whole, 0, len(whole) - left) is not None
        self._names_colours |= _NAMES_COLOURS.search(whole, 0, len(whole) - left) is not None
        self._names_colours |= _PALETTE in whole
        anew = None
        for found in _SEQUENCE.finditer(whole, 0, len(whole) - left):
            if self._take(found):
                anew = max(0, found.start() - carried)
        return anew

    def _escape(self, control: re.Match[bytes]) -> bytes:
        """A control character of two bytes as the escape that means the same: ECMA-48, 5.3."""
        self.is_strange = self._names_colours = True
        return bytes((0x1B, control[1][0] - 0x40))

    def _take(self, found: re.Match[bytes]) -> bool:
        """True when the screen begins anew with this sequence."""
        final = found["final"]
        if final:
            return _BY_FINAL[final](self, found["mark"], found["numbers"])
        if found["kind"]:
            self.title = found["title"][:_MAX_TITLE]
        elif found["set"]:
            self._charset = b"\x1b" + found["set"]
        elif found["shift"]:
            self._shifted = found["shift"] == b"\x0e"
        elif found["plain"] == b"c":
            self._reset()
            return True
        else:
            self._keypad = found["plain"] == b"="
        return False

    def _set(self, mark: bytes, numbers: bytes) -> bool:
        return self._switch(mark, numbers, True)

    def _unset(self, mark: bytes, numbers: bytes) -> bool:
        return self._switch(mark, numbers, False)

    def _switch(self, mark: bytes, numbers: bytes, on: bool) -> bool:
        if mark != b"?":
            self._inserts = on if not mark and numbers.lstrip(b"0") == b"4" else self._inserts
            return False
        given = [each.lstrip(b"0") for each in numbers.split(b";")]
        asked = [int(each) for each in given if each.isdigit() and len(each) <= _MAX_DIGITS]
        known = sum(each in _FOLLOWED or each in _HARMLESS for each in asked)
        self.is_strange |= known < len([each for each in given if each])
        was = self.is_alternate
        self._private |= {each: on for each in asked if each in _FOLLOWED}
        return self.is_alternate and not was

    def _graphic(self, mark: bytes, numbers: bytes) -> bool:
        if mark == b">":
            if numbers.startswith(b"4"):
                self._other_keys = numbers[2:]
        elif not mark:
            anew = not numbers or numbers.startswith((b"0;", b"00")) or numbers == b"0"
            self._colours = (b"" if anew else self._colours) + b"\x1b[" + numbers + b"m"
            self._colours = self._colours if len(self._colours) <= _MAX_COLOURS else b""
        return False

    def _keyboard(self, mark: bytes, numbers: bytes) -> bool:
        self._kitty = self._kitty or mark in (b">", b"=")
        return False

    def _soft_reset(self, mark: bytes, numbers: bytes) -> bool:
        if mark == b"!":
            self._private |= {1: False, 66: False, _CURSOR: True, _ORIGIN: False}
            self._keypad, self._colours, self._charset, self._shifted = False, b"", b"", False
            self._region = b""
        return False

    def _scroll(self, mark: bytes, numbers: bytes) -> bool:
        if not mark:
            self._region = numbers if _REGION.fullmatch(numbers) else b""
        return False

    def _clear(self, mark: bytes, numbers: bytes) -> bool:
        return not mark and numbers == b"2"

    def set_aside(self) -> bytes:
        """What ends the modes that are in the way of a question; a paste will be bracketed."""
        on = [each for each in _IN_THE_WAY if self._private[each]]
        return b"".join(
            (
                *(b"\x1b[?%dl" % each for each in on),
                b"\x1b[4l" if self._inserts else b"",
                _COLOURS if self._names_colours else b"",
                b"\x1b>" if self._keypad else b"",
                b"\x1b[>0u" if self._kitty else b"",
                b"\x1b[>4m" if self._other_keys else b"",
                b"\x1b(B\x0f\x1b[0m",
                b"\x1b[?7h\x1b[?2004h",
            )
        )

    def put_back(self) -> bytes:
        """What undoes `set_aside`, but for what moves the cursor: that is at the caller's place."""
        on = [each for each in _IN_THE_WAY if self._private[each]]
        return b"".join(
            (
                b"" if self._private[_PASTE] else b"\x1b[?2004l",
                b"" if self._private[_WRAP] else b"\x1b[?7l",
                self.colours(),
                b"\x1b[>4;%bm" % self._other_keys if self._other_keys else b"",
                b"\x1b[<1u" if self._kitty else b"",
                b"\x1b=" if self._keypad else b"",
                b"\x1b[4h" if self._inserts else b"",
                b"\x1b7\x1b[%br\x1b8" % self._region if self._region else b"",
                *(b"\x1b[?%dh" % each for each in on),
                b"\x1b[?25h" if self._private[_CURSOR] else b"\x1b[?25l",
            )
        )

    def colours(self) -> bytes:
        """What brings back the program's colours and its character set."""
        return b"\x1b[0m" + self._colours + self._charset + (b"\x0e" if self._shifted else b"")


_BY_FINAL: Mapping[bytes, Callable[[Modes, bytes, bytes], bool]] = {
    b"h": Modes._set,
    b"l": Modes._unset,
    b"m": Modes._graphic,
    b"u": Modes._keyboard,
    b"p": Modes._soft_reset,
    b"r": Modes._scroll,
    b"J": Modes._clear,
}


def _bounded(tail: bytes) -> bytes:
    """Of a string that is longer: how it begins, and what may be half of its end."""
    return tail if len(tail) <= _MAX_CARRIED else tail[:2] + tail[-1:]
