"""The words of a shell's line are those that shlex tells, whoever takes them apart."""

from __future__ import annotations

import shlex

from hypothesis import example, given
from hypothesis import strategies as st

from nono.supervisor.planning.program import commands

_PIECES = ("a", "-b=", " ", "\t", '"', "'", ";", "&&", "|", "(", ")", "<", ">", "$x", "{", "\r")
_ODD = ("\\", "#", "\v", "\x1c", "\N{SNOWMAN}")


def _told_by_shlex(line: str) -> tuple[list[str], bool]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    return _taken(lexer)


def _taken(words: object) -> tuple[list[str], bool]:
    """The words, and whether a quotation had no end."""
    found: list[str] = []
    try:
        for word in words:  # type: ignore[attr-defined]
            found.append(word)
    except ValueError:
        return found, True
    return found, False


@given(st.lists(st.sampled_from((*_PIECES, *_ODD)), max_size=12).map("".join))
@example("""exec "$p"/bin/x 'a b'c && y;z ""|"q" """)
@example("""x a"b""")
@example("'")
@example(r"""a\ b\" "c\"\\\n" 'd\' e\ """)
@example("""a#b 'c#d' "#" #e """)
def test_a_line_has_the_words_that_shlex_tells(line: str) -> None:
    assert _taken(commands._words(line)) == _told_by_shlex(line)
