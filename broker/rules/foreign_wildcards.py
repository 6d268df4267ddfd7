"""What shells and other tools take for wildcards, and a pattern here takes for itself.

Who writes it means something else than what would be matched, which is nothing most of the time.
Sources: glob(7), bash(1), gitignore(5).
"""

from __future__ import annotations

import re

from nono.broker.errors import PolicyError

_SET = re.compile(r"\[!?\]?[^\]/]*\]")
_BRACES = re.compile(r"\{([^{}]*,[^{}]*)\}")
_ESCAPED = re.compile(r"\\([*?\[{])")
_MAX_SHOWN = 3


def check_spelled(text: str) -> None:
    """Raises PolicyError for a pattern with what is no wildcard here, and is one elsewhere.

    In brackets every character stands for itself: `[{]` is a brace.
    """
    for found in _SET.finditer(text):
        if found[0].startswith("[^"):
            meant = f"{text[: found.start()]}[!{text[found.start() + 2 :]}"
            raise PolicyError(
                f"{text[:80]!r}: '[^' stands for no other characters than it and those behind it",
                f"any other character is [!...]: {meant[:80]!r}",
            )
        if "[:" in found[0]:
            raise PolicyError(
                f"{text[:80]!r}: there are no classes of characters such as [:alpha:]",
                "write the characters themselves, such as [a-zA-Z] or [0-9]",
            )
    without_sets = _SET.sub(lambda found: "?" * len(found[0]), text)
    if braces := _BRACES.search(without_sets):
        start, end = braces.span()
        parts = text[start + 1 : end - 1].split(",")
        each = [repr(f"{text[:start]}{part}{text[end:]}"[:80]) for part in parts[:_MAX_SHOWN]]
        raise PolicyError(
            f"{text[:80]!r}: braces stand for themselves here, not for each of what is in them",
            f"write one for each: {', '.join(each)}{', ...' if len(parts) > _MAX_SHOWN else ''}",
        )
    if escaped := _ESCAPED.search(without_sets):
        raise PolicyError(
            f"{text[:80]!r}: a backslash stands for itself here and takes no meaning away",
            f"put the character in brackets: [{escaped[1]}]",
        )
