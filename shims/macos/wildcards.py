"""Expressions for names by wildcards, on volumes that take names for the same that differ in case.

What is compared there is folded, and one character may be several letters when it is. So wildcards
may stand for a part of a character: the one in `e*` for an accent, the one in `s*` for the second
half of a sharp s.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

from nono.shims.macos import names


class One(NamedTuple):
    """Any one character, or one of a class, or of what is not in it.

    `of` is what stands between its brackets, of ASCII.
    """

    of: str = ""
    negated: bool = False


MANY = None
"""Any number of characters."""
Part = str | One | None
"""A letter, as it is folded, or a wildcard."""
_MOST = 4
"""Letters that one character can be when it is folded."""
_HIGH = "[^ -~]"
_HIGHER = f"{_HIGH}{_HIGH}?{_HIGH}?{_HIGH}?"
"""A character beyond ASCII, or two of few bytes: they cannot be told apart."""
_BEYOND_ASCII = f"{names.ANY}*{_HIGH}{names.ANY}*"
_MAX_EXPRESSION = 4000
_SYLLABLES = range(0xAC00, 0xD7A4)


def matching(pattern: Sequence[Part]) -> str:
    """Every spelling of what a pattern stands for. Of a very long one, and where characters beyond
    ASCII stand for a class, more than that."""
    return _Pattern(tuple(pattern)).after(0)


def standing_for(wildcard: One | None) -> str:
    """What a wildcard stands for where names do not fold. The kernel compares bytes."""
    if wildcard is MANY:
        return f"{names.ANY}*"
    if wildcard.negated:
        return f"([^{wildcard.of}/]|{_HIGHER})"
    return f"[{wildcard.of}]" if wildcard.of else f"([ -.0-~]|{_HIGHER})"


class _Pattern:
    def __init__(self, given: tuple[Part, ...]) -> None:
        self._parts = given
        self._several = _several(all(p.isascii() for p in given if isinstance(p, str)))
        self._known = {len(given): ""}

    def after(self, start: int) -> str:
        """What the parts from a position on stand for."""
        if start not in self._known:
            by_end: dict[int, list[str]] = {}
            for head, end in self._heads(start):
                by_end.setdefault(end, []).append(head)
            made = _one_of(_one_of(heads) + self.after(end) for end, heads in by_end.items())
            self._known[start] = made if len(made) <= _MAX_EXPRESSION else f"{names.ANY}*"
        return self._known[start]

    def _heads(self, start: int) -> Iterator[tuple[str, int]]:
        """Ways to begin there, each with the position that it leads to."""
        end = self._end(start)
        here = self._parts[start:end]
        by_way: dict[tuple[str, int], list[str]] = {}
        if isinstance(here[0], str):
            text = "".join(filter(None, map(_letter, here)))
            yield names.spelled(text), end
            for size in range(1, min(_MOST, len(text) + 1) if end < len(self._parts) else 1):
                for character, rest in self._several.begun.get(text[-size:], ()):
                    for after in self._taking(rest, end):
                        by_way.setdefault((text[:-size], after), []).append(character)
            for (before, after), found in by_way.items():
                yield names.spelled(before) + _listed(found), after
            return
        yield _gap(here), end
        follows = _letter(self._parts[end]) if end < len(self._parts) else None
        for character, size, rest in self._several.inside.get(follows or "", ()):
            if size <= len(here) or MANY in here:
                for after in self._taking(rest, end):
                    by_way.setdefault((_gap(_shorter(here, size)), after), []).append(character)
        for (before, after), found in by_way.items():
            yield before + _listed(found), after

    def _end(self, start: int) -> int:
        """Where the letters end that begin at a position, or the wildcards."""
        is_text = isinstance(self._parts[start], str)
        end = start
        while end < len(self._parts) and isinstance(self._parts[end], str) is is_text:
            end += 1
        return end

    def _taking(self, letters: str, start: int) -> set[int]:
        """The positions when these letters were taken from one on."""
        positions = {start}
        for letter in letters:
            after: set[int] = set()
            for position in positions:
                while position < len(self._parts) and self._parts[position] is MANY:
                    after.add(position)
                    position += 1
                if position < len(self._parts):
                    part = self._parts[position]
                    if part == letter or (isinstance(part, One) and _may_be(part, letter)):
                        after.add(position + 1)
            positions = after
        return positions


def _letter(part: Part) -> str | None:
    return part if isinstance(part, str) else None


def _gap(wild: Sequence[Part]) -> str:
    """What wildcards in a row stand for."""
    made = "".join(_folded(each) for each in wild if not isinstance(each, str))
    return f"({made}|{_BEYOND_ASCII})" if len(wild) > 1 and any(map(_takes_part, wild)) else made


def _folded(wildcard: One | None) -> str:
    """What one stands for, in both cases, and what folds to that."""
    if wildcard is MANY or wildcard.negated or not wildcard.of:
        return standing_for(wildcard)
    other = wildcard.of.swapcase()
    letters = f"[{wildcard.of}{other if other != wildcard.of else ''}]"
    return _one_of([letters, *names.folding_into(letters)])


def _takes_part(wildcard: Part) -> bool:
    """True for a wildcard for one character that may be one of several that another one is."""
    if not isinstance(wildcard, One):
        return False
    return wildcard.negated or not wildcard.of or any(map(str.isalpha, wildcard.of))


def _may_be(one: One, letter: str) -> bool:
    known = one.of and not one.negated
    return not known or re.fullmatch(f"[{one.of}]", letter, re.IGNORECASE) is not None


def _shorter(wild: Sequence[Part], size: int) -> list[Part]:
    """Less the last characters; any number of them may be as many."""
    kept = list(wild)
    for _ in range(size):
        ones = [at for at, each in enumerate(kept) if isinstance(each, One)]
        if ones:
            del kept[ones[-1]]
    return kept


def _listed(characters: Iterable[str]) -> str:
    """One of several characters; of very many any that has more bytes than one."""
    text = "|".join(sorted(set(characters)))
    return f"({text})" if len(text) < _MAX_EXPRESSION // 4 else f"{names.ANY}{names.ANY}"


def _one_of(ways: Iterable[str]) -> str:
    several = list(dict.fromkeys(ways))
    return several[0] if len(several) == 1 else f"({'|'.join(several)})"


class _Several(NamedTuple):
    """Characters that are several letters when they are folded.

    `begun`: by the first letters, each with those that are left. `inside`: by a later letter, each
    with how many are before it, and with it and those behind.
    """

    begun: dict[str, list[tuple[str, str]]]
    inside: dict[str, list[tuple[str, int, str]]]


@cache
def _several(in_ascii: bool) -> _Several:
    found = _Several({}, {})
    for character in map(chr, (*range(0xC0, 0x3000), *range(0xFB00, 0xFB50))):
        if unicodedata.decomposition(character) or len(character.casefold()) > 1:
            _note(found, character)
    for character in () if in_ascii else map(chr, _SYLLABLES):
        _note(found, character)
    return found


def _note(found: _Several, character: str) -> None:
    form = names.letters(character)
    for size in range(1, len(form)):
        found.begun.setdefault(form[:size], []).append((character, form[size:]))
        found.inside.setdefault(form[size], []).append((character, size, form[size:]))
