"""Regular expressions for file names, on volumes that take names for the same that differ in case.

Seatbelt has no flag that ignores case, so each letter is spelled in all its forms. Names come in
two normal forms as well (Unicode Standard Annex #15): APFS keeps what was typed and finds either.
Nothing is put between brackets but ASCII: the kernel compares bytes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache

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
}
"""Characters that are, folded, these ASCII letters: the Unicode Character Database, CaseFolding."""
_MAX_RUN = 12
_LONGEST = max(map(len, _ALSO))
_SPECIAL = frozenset('\\^$.[]|()*+?{}"')
ANY = "[^/]"
"""One byte of a name."""


def exactly(name: str) -> str:
    """The name as it is spelled. Also for whole paths."""
    return "".join(map(_plain, name))


def folded(name: str) -> str:
    """Every spelling that is the same name where neither case nor normal form counts."""
    return "".join(_piece(piece) for piece in _pieces(name))


def _plain(character: str) -> str:
    if character == '"':
        return ANY  # a quotation mark cannot be written; to refuse too much is the safe side
    return f"[{character}]" if character in _SPECIAL - set("\\^[]") else _escaped(character)


def _escaped(character: str) -> str:
    return "\\" + character if character in _SPECIAL else character


def _pieces(name: str) -> Iterator[str]:
    """The folded name, cut between characters: marks stay with the letter before them.

    Runs of letters that one character may stand for together are kept whole.
    """
    characters: list[str] = []
    for character in fold(name):
        if characters and unicodedata.combining(character):
            characters[-1] += character
        else:
            characters.append(character)
    run = ""
    for character in characters:
        if run and any(key.startswith(run[-1] + character) for key in _ALSO):
            run += character
            continue
        if run:
            yield run
        run = character
    if run:
        yield run


def _piece(piece: str) -> str:
    if piece.isascii():
        return _letters(piece)
    return f"({'|'.join(sorted(map(exactly, _spellings(piece))))})"


@cache
def _letters(run: str) -> str:
    """All ways to write a run of ASCII characters with characters that fold to them.

    Of a long run more than that: there would be too many to write down.
    """
    if len(run) > _MAX_RUN:
        forms = {*map(_letter, run), *"".join(_ALSO.values())}
        return f"({'|'.join(sorted(forms))})+"
    ways = sorted(set(_tilings(run)))
    return ways[0] if len(ways) == 1 else f"({'|'.join(ways)})"


def _letter(character: str) -> str:
    if character.isalpha():
        return f"[{character}{character.upper()}]"
    return _plain(character)


def _tilings(run: str) -> Iterator[str]:
    if not run:
        yield ""
        return
    for length in range(1, min(len(run), _LONGEST) + 1):
        head, rest = run[:length], run[length:]
        forms = [*_ALSO.get(head, ""), *([_letter(head)] if length == 1 else ())]
        for after in _tilings(rest) if forms else ():
            yield from (form + after for form in forms)


def _spellings(piece: str) -> set[str]:
    """A letter beyond ASCII in its cases, and in the forms that it may be composed in."""
    base, marks = piece[0], piece[1:]
    bases = {base, base.upper(), *_folding().get(base, ())}
    found = {piece, *_folding().get(piece, ()), *(each + marks for each in bases)}
    return found | {unicodedata.normalize("NFC", each) for each in found}


@cache
def _folding() -> dict[str, list[str]]:
    """The characters that are another when they are folded, by that."""
    found: dict[str, list[str]] = {}
    for character in map(chr, (*range(0x80, 0xD800), *range(0xE000, 0x20000))):
        key = fold(character)
        if key != character:
            found.setdefault(key, []).append(character)
    return found


def fold(name: str) -> str:
    """The one form of every spelling that `folded` finds."""
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())
