"""Every spelling of a name that a Mac takes for the same is found by its expression, no other."""

from __future__ import annotations

import os
import re
import unicodedata

from hypothesis import example, given, settings
from hypothesis import strategies as st

from nono.broker.rules.folding import folded_name
from nono.shims.macos import names

_LETTERS = st.sampled_from(
    [
        *("a", "A", "e", "i", "k", "s", "ss", "st", "ff", "ffi", ".", "-", "1", ";", '"'),
        *("\u0131", "\u00df", "\u1e9e", "\ufb06", "\ufb01", "\ufb03", "\u017f", "\u212a", "\u037e"),
        *("\u00e9", "e\u0301", "\u1ead", "a\u0323\u0302", "\u1ed9", "\u00c5", "\u212b", "\u0130"),
        *("\u03b1", "\u1fb3", "\u1fb4", "\u03b9", "\u0345", "\u03c2", "\u03a3", "\u0390", "\u1fb7"),
        *("\u0587", "\ufb13", "\u01c6", "\u01c5", "\u0149", "\uac01", "\u1100\u1161", "\u65e5"),
        *("\u1e9b\u0323", "q\u0307\u0323", "\u304c", "\u0416"),
    ]
)
"""Cases, ligatures, letters with several marks, ones that are marks as well, and plain ones."""
_NAMES = st.lists(_LETTERS, min_size=1, max_size=7).map("".join)
_CASES = (str.upper, str.lower, str.swapcase, str.casefold, lambda text: text)


@st.composite
def _spelled(draw: st.DrawFn) -> tuple[str, str]:
    """A name, and one that may be the same: in other cases, composed up to some place."""
    name = draw(_NAMES)
    cased = "".join(draw(st.sampled_from(_CASES))(each) for each in name)
    cut = draw(st.integers(0, len(cased)))
    first, second = draw(st.tuples(*[st.sampled_from(["NFC", "NFD"])] * 2))
    text = unicodedata.normalize(first, cased[:cut]) + unicodedata.normalize(second, cased[cut:])
    if cut + 1 < len(text) and unicodedata.combining(text[cut]) and draw(st.booleans()):
        text = text[:cut] + text[cut + 1] + text[cut] + text[cut + 2 :]
    return name, text


@settings(max_examples=200)
@given(_spelled())
@example(("\u1ed9", "\u1ecd\u0302"))
@example(("a;b", "a\u037eb"))
@example(("\u03ba\u03b1\u03b9", "\u03ba\u1fb3"))
@example(("s\ufb01st", "SFI\ufb06"))
def test_what_is_the_same_is_found(pair: tuple[str, str]) -> None:
    name, other = pair
    expression = f"^{names.folded(name)}{names.ENDING}$"
    found = re.search(os.fsencode(expression), os.fsencode(other), re.DOTALL)
    assert (found is not None) == (names.fold(name) == names.fold(other))


def test_the_table_of_what_folds_to_ascii_is_whole() -> None:
    for character in map(chr, (*range(0x80, 0xD800), *range(0xE000, 0x20000))):
        folded = names.fold(character)
        if folded.isascii():
            assert re.search(os.fsencode(f"^{names.folded(folded)}$"), os.fsencode(character))


@given(_NAMES)
def test_folding_is_the_policys(name: str) -> None:
    assert names.fold(name) == folded_name(name)


def test_a_long_name_is_cut_and_says_more() -> None:
    expression = names.folded("x" * 255)
    assert len(expression) < 700
    assert re.search(f"^{expression}$", "X" * 255)
