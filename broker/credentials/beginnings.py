"""Where in an answer a key may begin: found fast, since nearly everywhere it does not.

A key begins as it is, or with a few plain characters before the first one that is spelt in
another way or follows a break. So all that has to be searched for is the plain beginning of each
form, and what one of its first characters may be spelt as. What is found is looked at again, so
more may be found than there is, and never less.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from nono.broker.credentials.spellings import (
    INTRODUCERS,
    MAX_LENGTH,
    NOT_PLAIN,
    names_of_characters,
    read_simple,
)

_FIRST = 8
"""So many characters of a form tell whether it may begin somewhere."""

_MAX_BACKSLASHES = 7
_BACKSLASH = ord("\\")
_BREAKS = b"\0\n\r"
_MAY_GO_ON = b"\\%&=#;{}0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" + _BREAKS
_SPELT = re.compile(rb"[\\%&=\0\r\n]")
_WIDE_INTRODUCER = re.compile(rb"[\\%&=](?=\0)")
"""In UTF-16 or UTF-32. What it introduces has NULs inside: no pattern for bytes finds that."""


class Beginnings:
    """Those of some forms of a key, of which some may be wrapped into lines."""

    def __init__(self, forms: Sequence[bytes], wrapped: Sequence[bytes]) -> None:
        firsts = sorted({form[:_FIRST] for form in forms})
        self._plain = firsts
        self._begun = {first[:end] for first in firsts for end in range(1, _FIRST + 1)}
        self._inner = {char for first in firsts for char in first[:-1]}
        self._values = _values({*b"".join(firsts)}, [form[: _FIRST + 1] for form in wrapped])
        self._spelt: dict[bytes, list[re.Pattern[bytes]]] = {}
        self._wide = re.compile(b"|".join(map(_wide, firsts)))

    def within(self, data: bytes, start: int = 0) -> set[int]:
        """Where in `data` from `start` on a form may begin and go on before the end of `data`."""
        found = set()
        for plain in self._plain:
            at = data.find(plain, start)
            while at != -1:
                found.add(at)
                at = data.find(plain, at + 1)
        for first in _PATTERNS:
            at = data.find(first, start)
            for pattern in self._patterns(first) if at != -1 else ():
                match = pattern.search(data, at)
                while match is not None:
                    found.update(self._from(data, start, match.start()))
                    match = pattern.search(data, match.start() + 1)
        if data.find(b"\0", start) != -1:
            found.update(match.start() for match in self._wide.finditer(data, start))
            for match in _WIDE_INTRODUCER.finditer(data, start):
                found.update(self._from(data, start, match.start()))
        return found

    def at_end(self, data: bytes, start: int) -> Iterator[int]:
        """Where from `start` on a form may begin that the end of `data` cuts off."""
        yield from self._before(data, start, len(data), b"")
        tail = max(start, len(data) - MAX_LENGTH)
        run = tail + len(data[tail:].rstrip(_MAY_GO_ON))
        for match in _SPELT.finditer(data, run):
            yield from self._from(data, start, match.start())

    def _patterns(self, first: bytes) -> list[re.Pattern[bytes]]:
        """Compiled when they are needed: that takes longer than to look for their first byte."""
        known = self._spelt.get(first)
        if known is None:
            texts = [re.sub(rb"\s", b"", each) % self._values for each in _PATTERNS[first]]
            known = self._spelt[first] = [re.compile(re.escape(first) + text) for text in texts]
        return known

    def _from(self, data: bytes, start: int, at: int) -> Iterator[int]:
        """Where a form may begin whose first character that is not plain is spelt at `at`."""
        simple = read_simple(data, at)
        next_ = b"" if simple is None or simple[1] in NOT_PLAIN else bytes((simple[1],))
        if data[at] in INTRODUCERS and (not next_ or next_ in self._begun):
            yield at
        yield from self._before(data, start, at, next_)
        first = max(start, at - _MAX_BACKSLASHES)
        while data[at] == _BACKSLASH and at > first and data[at - 1] == _BACKSLASH:
            # They may all belong to it.
            at -= 1
            yield at
            yield from self._before(data, start, at, b"")

    def _before(self, data: bytes, start: int, at: int, next_: bytes) -> Iterator[int]:
        """Where a form may begin with plain characters up to `at`, and then `next_`."""
        if at > start and data[at - 1] in self._inner:
            for length in range(1, min(_FIRST, at - start + 1)):
                if data[at - length : at] + next_ in self._begun:
                    yield at - length


def _wide(first: bytes) -> bytes:
    """Three characters in UTF-16 or UTF-32, whichever byte comes first.

    Or fewer, before the first one that is spelt in another way, a break, or the end.
    """
    one, two, three = (re.escape(first[at : at + 1]) for at in range(3))
    return rb"%b\0{1,3}(?:[\\%%&=\r\n]|\Z|%b\0{0,3}(?:[\\%%&=\r\n]|\Z|%b))" % (one, two, three)


def _values(own: set[int], wrapped: Sequence[bytes]) -> dict[bytes, bytes]:
    """The parts of the patterns: for these characters, and for what introduces spellings of them.

    Also for line breaks, with what is around them in `wrapped`.
    """
    characters = own | INTRODUCERS | {*_BREAKS}
    # A backslash behind a backslash, and `&amp;`, are everywhere: the patterns have them already.
    marks = {each for each in own if not chr(each).isalnum()} | (INTRODUCERS - {_BACKSLASH})
    named = characters - ({ord("&")} - own)
    names = [name for name, char in names_of_characters().items() if char in named]
    last = {each for first in wrapped for each in first[: _FIRST - 1]}
    return {
        b"hex": _any(b"%x[%s]" % each for each in _hexadecimal(characters)),
        b"dec": _any(b"%d" % each for each in sorted(characters, reverse=True)),
        b"names": _tree(names, rb"\\\\?[uUx0-7#]|%[2-7uU]|&#|=[2-7][0-9a-fA-F]"),
        b"marks": _one_of(marks),
        b"behind": _one_of(marks | {*b"nrxU01234567"}),
        b"spelt": _one_of(INTRODUCERS),
        b"last": _one_of(last | {_BACKSLASH}),
        b"next": _after_break(wrapped),
    }


# What follows on each byte. Such a byte is found fast, and two or more that are certain are found
# faster still. Repetitions are bounded, so that no data takes long.
_PATTERNS = {
    b"\\": (
        rb"u00(?:%(hex)s|[0-7]?%(spelt)s)",
        rb"u(?:\{|%(spelt)s)",
        rb"u0%(spelt)s",
        rb"\\u00(?:3[0-7]|55|6[eE]|7[258])",
        rb"""(?=%(behind)s)(?:
            [nr](?<=%(last)s\\[nr])(?:\\\\?n)?%(next)s
            |%(marks)s
            |[0-7]
            |x(?:%(hex)s|\{|[0-7]?%(spelt)s)
            |U(?:000000%(hex)s|\{|0{0,6}[0-7]?%(spelt)s)
        )""",
    ),
    b"%": (rb"(?:%(hex)s|[uU]|[\\&=]|[0-7]%(spelt)s)",),
    b"&": (
        rb"""(?:
            #(?:0{0,6}%(dec)s|[xX]0{0,6}%(hex)s|[xX]?[0-9a-fA-F]{0,7}%(spelt)s)
            |%(names)s
            |(?:amp|AMP);?(?:[#&\\%%=]|[a-zA-Z]{2,20}[;\\%%&])
            |&num
            |[a-zA-Z;]{0,24}+=(?:[\r\n]|\\\\?[rnux0]|%%(?:0|25)|&(?:#|amp))
        )""",
    ),
    b"=": (
        rb"""(?=[0-7\r\n\\%%&])(?:
            %(hex)s
            |[\r\n]
            |[0-7]?(?:\\\\?[uUxrn0-7]|%%(?:25|0[aAdD]|[346uU])|&(?:#|amp|AMP))
        )""",
    ),
    b"\n": (rb"(?<=%(last)s\n)%(next)s",),
    b"\r": (rb"(?<=%(last)s\r)\n?%(next)s",),
}


def _after_break(wrapped: Sequence[bytes]) -> bytes:
    """Two characters that the next line may begin with; the second, or both, spelt."""
    pairs: dict[int, set[int]] = {}
    for first in wrapped:
        for one, two in itertools.pairwise(first[1:]):
            pairs.setdefault(one, {*INTRODUCERS}).add(two)
    plain = (_one_of([one]) + _one_of(two) for one, two in sorted(pairs.items()))
    return _any((*plain, rb"\\\\?u00", rb"%[23]", rb"&#"))


def _any(patterns: Iterable[bytes]) -> bytes:
    return b"(?:%s)" % b"|".join(patterns)


def _one_of(characters: Iterable[int]) -> bytes:
    return b"[%s]" % b"".join(re.escape(bytes((each,))) for each in sorted(characters))


def _hexadecimal(characters: Collection[int]) -> Iterator[tuple[int, bytes]]:
    """The two digits of each, in groups of those with the same first one."""
    for high in sorted({each >> 4 for each in characters}):
        lows = sorted({each & 15 for each in characters if each >> 4 == high})
        yield high, bytes(sorted({*"".join(f"{low:x}{low:X}" for low in lows).encode()}))


def _tree(words: Collection[bytes], instead: bytes) -> bytes:
    """One of the words, or the beginning of one and then `instead`; one byte after the other."""
    if b"" in words:
        return b""
    rests: dict[int, list[bytes]] = {}
    for word in sorted(words):
        rests.setdefault(word[0], []).append(word[1:])
    nexts = (re.escape(bytes((one,))) + _tree(rest, instead) for one, rest in rests.items())
    return _any((*nexts, instead))
