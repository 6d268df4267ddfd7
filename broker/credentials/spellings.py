"""How one character may be spelt in an answer, by whatever the service writes it with.

As it is; escaped in JSON, JavaScript or C; percent-encoded as in URLs; as a numeric or named
reference of HTML; in quoted-printable; with the NULs of UTF-16 and UTF-32 around it. One spelling
may be written in another one, so that `%252F`, `&amp;#47;` and `\\u0026#47;` are all slashes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from html.entities import html5

MAX_LENGTH = 160
"""Bytes of the longest spelling that is waited for when it comes in pieces."""

_DEPTH = 3
_MAX_NULS = 3
_MAX_DIGITS = 8
_MAX_KNOWN = 4096
_WORK = 10
"""Of reading once what may be spelt, where a plain character is 1."""
_ASCII = 0x7F
_EQUALS = ord("=")
_HEX = {ord(digit): int(digit, 16) for digit in "0123456789abcdefABCDEF"}
_OCTAL = {ord(digit): int(digit) for digit in "01234567"}
_DECIMAL = {ord(digit): int(digit) for digit in "0123456789"}
_PUNCTUATION = frozenset(b" !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
INTRODUCERS = frozenset(b"\\%&=")
"""What every spelling but the plain one begins with."""
_SIMPLE = re.compile(rb"(?:[%=]|\\u00|\\x)([0-9a-fA-F]{2})")

NUL, LINE_FEED, CARRIAGE_RETURN = b"\0\n\r"
NOT_PLAIN = INTRODUCERS | {NUL, LINE_FEED, CARRIAGE_RETURN}


def names_of_characters() -> dict[bytes, int]:
    """The named references of HTML for characters of ASCII, without `&` and `;`.

    And those of hyphens, which anybody can read as one.
    """
    names = {
        name.rstrip(";").encode(): ord(text)
        for name, text in html5.items()
        if len(text) == 1 and ord(text) <= _ASCII
    }
    return names | dict.fromkeys((b"hyphen", b"dash", b"minus"), ord("-"))


_NAMES = names_of_characters()
_BEGUN_NAMES = {name[:end] for name in _NAMES for end in range(len(name) + 1)}

Read = tuple[int, int]
"""Where a spelling ends, and the character."""


def read_simple(data: bytes, pos: int) -> Read | None:
    """The most frequent spellings, which can be nothing else unless an introducer is spelt."""
    simple = _SIMPLE.match(data, pos)
    return None if simple is None else (simple.end(), int(simple[1], 16))


class Reader:
    """Reads spellings in `data`. `is_short` turns true when one may go on behind its end.

    `work` grows with how much was read that is not plain.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._known: dict[tuple[int, int], tuple[tuple[Read, ...], bool]] = {}
        self.is_short = False
        self.work = 0

    def units(self, pos: int) -> tuple[list[Read], list[Read], list[Read]]:
        """The spellings at `pos`: directly; behind NULs or a soft break; behind a line break.

        A soft break is that of quoted-printable (RFC 2045 section 6.7), a line break that of
        wrapped base64.
        """
        data, self.is_short = self._data, False
        if pos < len(data) and data[pos] not in NOT_PLAIN:
            return [(pos + 1, data[pos])], [], []
        simple = read_simple(data, pos)
        if simple is not None and simple[1] not in NOT_PLAIN and data[pos] != _EQUALS:
            return [(pos + 1, data[pos]), simple], [], []
        if len(self._known) > _MAX_KNOWN:
            self._known.clear()
        direct = self._here(pos, _DEPTH)
        reads = self._read(pos, _DEPTH)
        joined = [*reads[len(direct) :]]
        for end in self._behind_nuls(reads):
            joined += self._read(end, _DEPTH)
        wrapped = [read for end in self._breaks(reads, _DEPTH) for read in self._read(end, _DEPTH)]
        return [*direct], joined, wrapped

    def is_line_end(self, pos: int) -> bool:
        """Whether the data ends with a line break, and nothing else, at `pos`."""
        return self._data[pos : pos + 1] in (b"\r", b"\n") and self.is_blank(pos)

    def is_blank(self, pos: int) -> bool:
        """Whether nothing of a character is between `pos` and the end."""
        rest = self._data[pos:]
        return not rest.strip(b"\0\r\n") or rest in (b"=\r", b"=\n", b"=\r\n")

    def _behind_nuls(self, reads: Iterable[Read]) -> Iterator[int]:
        nuls = [end for end, char in reads if char == NUL]
        for _ in range(_MAX_NULS):
            yield from nuls
            nuls = [e for end in nuls for e, char in self._read(end, _DEPTH) if char == NUL]

    def _breaks(self, reads: Iterable[Read], depth: int) -> Iterator[int]:
        for end, char in reads:
            if char in (LINE_FEED, CARRIAGE_RETURN):
                yield end
            if char == CARRIAGE_RETURN:
                yield from (e for e, c in self._here(end, depth) if c == LINE_FEED)

    def _read(self, pos: int, depth: int) -> tuple[Read, ...]:
        """Those that begin at `pos`, and then those behind a soft break, which may be anywhere.

        Nobody writes two of them one behind the other.
        """
        here = self._here(pos, depth)
        ends = [end for end, char in here if char == _EQUALS]
        if not ends:
            return here
        self.work += 1
        behind = [e for end in ends for e in self._breaks(self._here(end, depth), depth)]
        return (*here, *(read for end in behind for read in self._here(end, depth)))

    def _here(self, pos: int, depth: int) -> tuple[Read, ...]:
        """The characters at `pos` with at most `depth` spellings in one another."""
        data = self._data
        if pos < len(data) and data[pos] not in NOT_PLAIN:
            return ((pos + 1, data[pos]),)
        if depth == 0:
            return self._plain(pos)
        known = self._known.get((pos, depth))
        if known is None:
            was_short, self.is_short = self.is_short, False
            known = self._known[pos, depth] = self._escaped(pos, depth - 1), self.is_short
            self.is_short = was_short
        self.is_short |= known[1]
        return known[0]

    def _plain(self, pos: int) -> tuple[Read, ...]:
        data = self._data
        end = min(pos + _MAX_NULS, len(data))
        while pos < end and data[pos] == NUL:
            pos += 1
        if pos >= len(data):
            self.is_short = True
            return ()
        return ((pos + 1, data[pos]),)

    def _escaped(self, pos: int, depth: int) -> tuple[Read, ...]:
        self.work += _WORK
        reads = self._here(pos, depth)
        found = set(reads)
        for end, char in reads:
            if char in INTRODUCERS:
                found.update(_ESCAPES[char](self, end, depth))
        return tuple(found)

    def _backslash(self, pos: int, depth: int) -> Iterator[Read]:
        """RFC 8259 section 7; ECMA-262 section 12.9.4; octal as in C."""
        for end, char in self._read(pos, depth):
            if char in _PUNCTUATION:
                yield end, char
            elif char in b"nr":
                yield end, LINE_FEED if char == ord("n") else CARRIAGE_RETURN
            elif char in b"uUx":
                yield from self._digits(end, depth, _HEX, *_WIDTHS[char])
                for brace in self._literally(end, depth, b"{"):
                    for last, value in self._digits(brace, depth, _HEX, 1, _MAX_DIGITS):
                        yield from ((e, value) for e in self._literally(last, depth, b"}"))
        yield from self._digits(pos, depth, _OCTAL, 1, 3)

    def _percent(self, pos: int, depth: int) -> Iterator[Read]:
        """RFC 3986 section 2.1; `%u` as by JavaScript's `escape`."""
        yield from self._digits(pos, depth, _HEX, 2, 2)
        for end in self._literally(pos, depth, b"uU"):
            yield from self._digits(end, depth, _HEX, 4, 4)

    def _ampersand(self, pos: int, depth: int) -> Iterator[Read]:
        """Character references of HTML, whose semicolon browsers do not insist on."""
        for end, char in self._references(pos, depth):
            yield end, char
            yield from ((e, char) for e in self._literally(end, depth, b";"))

    def _references(self, pos: int, depth: int) -> Iterator[Read]:
        for end in self._literally(pos, depth, b"#"):
            yield from self._digits(end, depth, _DECIMAL, 1, _MAX_DIGITS)
            for last in self._literally(end, depth, b"xX"):
                yield from self._digits(last, depth, _HEX, 1, _MAX_DIGITS)
        names = {(pos, b"")}
        while names:
            yield from ((end, _NAMES[name]) for end, name in names if name in _NAMES)
            names = {
                (after, name + bytes((char,)))
                for end, name in names
                for after, char in self._read(end, depth)
                if name + bytes((char,)) in _BEGUN_NAMES
            }

    def _equals(self, pos: int, depth: int) -> Iterator[Read]:
        """Quoted-printable: RFC 2045 section 6.7."""
        yield from self._digits(pos, depth, _HEX, 2, 2)

    def _literally(self, pos: int, depth: int, characters: bytes) -> list[int]:
        return [end for end, char in self._read(pos, depth) if char in characters]

    def _digits(
        self, pos: int, depth: int, digits: dict[int, int], least: int, most: int
    ) -> Iterator[Read]:
        """Numbers of `least` to `most` digits that are characters of ASCII."""
        base = max(digits.values()) + 1
        numbers = {(pos, 0)}
        for count in range(1, most + 1):
            numbers = {
                (after, number * base + digits[char])
                for end, number in numbers
                for after, char in self._read(end, depth)
                if char in digits and number * base + digits[char] <= _ASCII
            }
            if count >= least:
                yield from numbers


_WIDTHS = {ord("u"): (4, 4), ord("U"): (8, 8), ord("x"): (2, 2)}
_ESCAPES: dict[int, Callable[[Reader, int, int], Iterator[Read]]] = {
    ord("\\"): Reader._backslash,
    ord("%"): Reader._percent,
    ord("&"): Reader._ampersand,
    _EQUALS: Reader._equals,
}
