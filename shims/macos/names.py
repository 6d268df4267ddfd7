"""Regular expressions for file names, on volumes that take names for the same that differ in case.

Seatbelt has no flag that ignores case, so each letter is spelled in all its forms. Names come in
two normal forms as well (Unicode Standard Annex #15): APFS keeps what was typed and finds either.
Nothing is put between brackets but ASCII: the kernel compares bytes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import pairwise, permutations

_ALSO = {
    "ff": "\ufb00",
    "fi": "\ufb01",
    "fl": "\ufb02",
    "ffi": "\ufb03",
    "ffl": "\ufb04",
    "st": "\ufb05\ufb06",
    "ss": "\u00df\u1e9e",
    "s": "\u017f",
    "k": "\u212a",
    "i": "\u0131",
    ";": "\u037e",
    "`": "\u1fef",
}
"""Characters that are, folded, these ASCII ones: the Unicode Character Database, CaseFolding, and
those that it takes for the same as an ASCII one whatever their case."""
_MAX_RUN = 8
"""Letters that are written down in all ways together: more are so each by itself, and repeated."""
_MAX_MARKS = 4
_IOTA, _IOTA_BELOW = "\u03b9", "\u0345"
"""A letter that is a mark as well: which of the two it is, folding takes away."""
_LONGEST = max(map(len, _ALSO))
_MAX_SPELLED = 600
_SPECIAL = frozenset("\\^$.[]|()*+?{}")
_UNUSABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
ANY = "[^/]"
"""One byte of a name."""
ENDING = "[. ]*"
"""What some file systems leave out at the end of a name."""


def exactly(name: str) -> str:
    """The name as it is spelled; any byte for one that cannot be written. Also for whole paths."""
    return "".join(map(_plain, name))


def is_writable(name: str) -> bool:
    """False where `exactly` says more than the name."""
    return _UNUSABLE.search(name) is None


def folded(name: str) -> str:
    """Every spelling that is the same name where neither case nor normal form counts.

    Of a long name more than that: all that begin as it does.
    """
    return spelled(fold(name))


def spelled(letters: str) -> str:
    """The same for what is folded already."""
    made = ""
    for piece in _pieces(letters):
        made += _piece(piece)
        if len(made) > _MAX_SPELLED:
            return made + ANY + "*"
    return made


def folding_into(letters: str) -> list[str]:
    """The characters beyond ASCII that are, folded, one of these of ASCII."""
    return [each for letter, also in _ALSO.items() if letter in letters for each in also]


def _key(text: str) -> str:
    """What `fold` makes of it, endings apart."""
    upper = unicodedata.normalize("NFD", text).upper()
    return unicodedata.normalize("NFD", upper.casefold())


def _plain(character: str) -> str:
    if _UNUSABLE.match(character):
        return ANY  # to refuse too much is the safe side
    return f"[{character}]" if character in _SPECIAL - set("\\^[]") else _escaped(character)


def _escaped(character: str) -> str:
    return "\\" + character if character in _SPECIAL else character


def _pieces(folded_name: str) -> Iterator[str]:
    """A folded name, cut between characters: marks stay with the letter before them.

    Runs of letters that one character may stand for together are kept whole.
    """
    run: list[str] = []
    joined = _joined(folded_name.isascii())
    for unit in _units(folded_name):
        is_below = unit == _IOTA and run and len(run[-1]) > 1
        if is_below or (run and run[-1] + unit[0] in joined):
            run.append(unit)
            continue
        if run:
            yield "".join(run)
        run = [unit]
    if run:
        yield "".join(run)


def _units(text: str) -> list[str]:
    """The letters of a decomposed text, each with its marks."""
    units: list[str] = []
    for character in text:
        if units and unicodedata.combining(character):
            units[-1] += character
        else:
            units.append(character)
    return units


@cache
def _joined(in_ascii: bool) -> frozenset[str]:
    """How two letters meet, the first with its marks, that one character may stand for."""
    keys = _ALSO if in_ascii else (*_ALSO, *_folding())
    several = [_units(key) for key in keys if len(_units(key)) > 1]
    pairs = [(first, second) for units in several for first, second in pairwise(units)]
    return frozenset(first + second[0] for first, second in pairs)


@cache
def _piece(run: str) -> str:
    """All ways to write a run of letters with characters that fold to them.

    Of a long run more than that: there would be too many to write down.
    """
    units = _units(run)
    if len(units) > _MAX_RUN:
        forms = {form for unit in units for form in _forms((unit,))}
        windows = {run[at : at + size] for size in range(2, 6) for at in range(len(run))}
        longer = {exactly(form) for each in windows for form in _spellings(each) - {each}}
        return f"({'|'.join(sorted(forms | longer))})+"
    ways = sorted(set(_tilings(tuple(units))))
    return ways[0] if len(ways) == 1 else f"({'|'.join(ways)})"


def _tilings(units: tuple[str, ...]) -> Iterator[str]:
    if not units:
        yield ""
        return
    for length in range(1, min(len(units), _LONGEST) + 1):
        forms = _forms(units[:length])
        for after in _tilings(units[length:]) if forms else ():
            yield from (form + after for form in forms)


@cache
def _forms(units: tuple[str, ...]) -> tuple[str, ...]:
    """The expressions for one character that stands for these letters."""
    text = "".join(units)
    if text.isascii():  # the whole table takes a moment to make
        letter = f"[{text}{text.upper()}]" if text.isalpha() else _plain(text)
        return (letter, *_ALSO.get(text, "")) if len(units) == 1 else tuple(_ALSO.get(text, ""))
    return tuple(sorted(map(exactly, _spellings(text))))


@cache
def _spellings(text: str) -> frozenset[str]:
    """What folds to a letter with its marks, or to several letters, as one character can."""
    found = {text, *_ALSO.get(text, ""), *_folding().get(text, ())}
    units = _units(text)
    if len(units) > 1:
        found.discard(text)
        if units[-1] != _IOTA or len(units) > 2:
            return frozenset(found)
        text = units[0] + _IOTA_BELOW
    base, marks = text[0], text[1:]
    for letter in {base, base.upper(), *_folding().get(base, ())}:
        found |= _canonical(letter, marks) if len(letter) == 1 else {letter + marks}
    return frozenset(found)


def _canonical(letter: str, marks: str) -> set[str]:
    """A letter with marks on it in every order and as composed as may be: they are the same."""
    same = unicodedata.normalize("NFD", letter + marks)
    found = {letter + marks}
    for order in permutations(marks) if len(marks) <= _MAX_MARKS else ():
        written = "".join(order)
        if unicodedata.normalize("NFD", letter + written) != same:
            continue
        for end in range(len(written) + 1):
            found.add(unicodedata.normalize("NFC", letter + written[:end]) + written[end:])
    return found


@cache
def _folding() -> dict[str, list[str]]:
    """The characters that are another when they are folded, by that."""
    found: dict[str, list[str]] = {}
    for character in map(chr, (*range(0x80, 0xD800), *range(0xE000, 0x20000))):
        key = _key(character)
        if key != character:
            found.setdefault(key, []).append(character)
    return found


def fold(name: str) -> str:
    """The one form of every spelling that `folded` finds, with any `ENDING`."""
    form = letters(name)
    return form.rstrip(". ") or form


def letters(name: str) -> str:
    """The same of a part of a name, which may be its end or not."""
    return name.lower() if name.isascii() else _key(name)
