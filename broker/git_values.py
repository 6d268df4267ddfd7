"""A value of git's configuration with anything in it, as git's own parser reads it.

That is git-config(1), Syntax, to the letter of parse_value in git's config.c: quotes and comments
begin anywhere, and a value goes on behind a line that ends with a backslash.
"""

from __future__ import annotations

from nono.broker.compiled import pattern_of

_TOKEN = rb'(?s)\\.?|["#;\n]|[ \t\r]+|[^\\"#;\n \t\r]+'
_BLANKS = (b" ", b"\t", b"\r")
_ESCAPES = {
    **{b"\\n": b"\n", b"\\t": b"\t", b"\\b": b"\b", b'\\"': b'"', b"\\\\": b"\\"},
    **{b"\\\n": b"", b"\\": b""},
}


def readings(text: bytes, start: int) -> tuple[list[bytes], int]:
    """What the value is that begins there, and where its last line ends. The line ends of the text
    are those of Unix.

    Two where git's versions differ: a tab between words was a space before 2.45. Of what git takes
    for a mistake, so much as stands before it.
    """
    value, spaced = bytearray(), bytearray()
    quoted, kept, end = False, 0, len(text)
    for found in pattern_of(_TOKEN).finditer(text, start):
        token, end = found[0], found.end()
        if token == b"\n":
            end -= 1
            break
        if token[:1] in _BLANKS and not quoted:
            if value:
                value += token
                spaced += b" " * len(token)
            continue
        if token in (b"#", b";") and not quoted:
            end = _line_end(text, end)
            break
        if token == b'"':
            quoted = not quoted
        elif token[:1] == b"\\":
            escaped = _ESCAPES.get(token)
            if escaped is None:
                end = _line_end(text, end)
                break
            value += escaped
            spaced += escaped
        else:
            value += token
            spaced += token
        kept = len(value)
    # To the calls that git makes with it, it ends at a NUL.
    read = (bytes(each[:kept]).partition(b"\0")[0] for each in (value, spaced))
    return list(dict.fromkeys(read)), end


def _line_end(text: bytes, start: int) -> int:
    end = text.find(b"\n", start)
    return len(text) if end < 0 else end
