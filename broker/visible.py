"""Text from the sandbox, made safe to show to a person."""

from __future__ import annotations

from collections.abc import Iterator

_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"})
"""Control, format (bidirectional and zero-width among them), surrogate, private,
unassigned, and separators other than the space (Unicode Standard, section 4.5)."""

_MARKS = frozenset({"Mn", "Me"})
"""Drawn onto the character before."""

# Drawn as nothing, or as a space, though their category says otherwise.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_ELLIPSIS = "…"
_SENTENCE = frozenset(" ;'\"")
_MAX_MARKS = 3
"""As many as a letter has in any language, with what is sung; more of them cover other lines."""


def visible(text: str, limit: int = 200) -> str:
    """`text` with everything that hides or reorders it written as an escape.

    The result holds no control, bidirectional, zero-width or surrogate
    character, so no terminal sequence either, no marks without a letter or in
    a pile, and at most `limit` characters: a longer one loses its middle.
    `limit` must be positive.
    """
    if len(text) <= limit and text.isascii() and text.isprintable():
        return text
    if len(text) > limit:
        # Escapes only make it longer, so no more than this can be shown.
        text = text[:limit] + text[-limit:]
    shown = list(_escaped(text))
    if sum(map(len, shown)) <= limit:
        return "".join(shown)
    return _shorten(shown, limit)


def quoted(text: str, limit: int = 200) -> str:
    """As `visible`, and in quotes where it could be taken for more than one word of a sentence."""
    shown = visible(text, limit)
    if not _SENTENCE & set(shown):
        return shown
    return "'{}'".format(shown.replace("'", "\\x27"))


def _shorten(shown: list[str], limit: int) -> str:
    """Keep whole characters from both ends, with an ellipsis between them."""
    room = limit - len(_ELLIPSIS)
    head = _fill(shown, room - room // 2)
    tail = _fill(shown[::-1], room - sum(map(len, head)))
    return "".join([*head, _ELLIPSIS, *reversed(tail)])


def _fill(shown: list[str], room: int) -> list[str]:
    kept = []
    for character in shown:
        room -= len(character)
        if room < 0:
            break
        kept.append(character)
    return kept


def _escaped(text: str) -> Iterator[str]:
    """Each character, or the escape for it."""
    import unicodedata  # which most texts do without

    marks = _MAX_MARKS
    for character in text:
        shown = _escape(character)
        if shown == character and unicodedata.category(character) in _MARKS:
            marks += 1
            shown = character if marks <= _MAX_MARKS else _code(ord(character))
        else:
            marks = 0 if shown == character and character != " " else _MAX_MARKS
        yield shown


def _escape(character: str) -> str:
    code = ord(character)
    if 0x20 <= code < 0x7F:
        return character
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was not UTF-8 (PEP 383)
        return f"\\x{code - 0xDC00:02x}"
    import unicodedata

    hidden = unicodedata.category(character) in _HIDDEN_CATEGORIES
    if not hidden and character not in _BLANK and not _is_variation_selector(code):
        return character
    return _code(code)


def _code(code: int) -> str:
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _is_variation_selector(code: int) -> bool:
    return 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF
