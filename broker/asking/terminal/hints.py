"""What is said of a key that does nothing, in the last line of what is on the screen."""

from __future__ import annotations

from collections.abc import Sequence

from nono.broker.asking.terminal.columns import cut, width
from nono.broker.asking.terminal.keys import Choice

_RULE = "─"
_NO_ANSWER = "no answer: one of the letters is; Enter and Esc say no"


def hint(key: str, choosable: Sequence[Choice], is_second_step: bool, is_whole: bool = True) -> str:
    """What to say of a key that is no answer, or none yet: see `Gate.is_whole`."""
    if not is_whole:
        return (
            "first see all: space; Esc: back" if is_second_step else "first see all: space; n: no"
        )
    if is_second_step:
        return "Enter does it, Esc goes back"
    if any(each.key == key for each in choosable):
        return _NO_ANSWER  # one that the gate has refused
    capital = next((each.key for each in choosable if each.key == key.upper()), "")
    if capital and capital != key:
        return f"not {key}: {capital}, a capital letter"
    small = next((each.key for each in choosable if each.key == key.lower()), "")
    if small and small != key:
        return f"not {key}: {small}, a small letter"
    return _NO_ANSWER


def with_hint(lines: Sequence[str], text: str, columns: int) -> list[str]:
    """The lines with a hint in place of the rule below them, or after them."""
    if not text:
        return [*lines]
    kept = lines[:-1] if lines[-1].startswith(_RULE) else lines
    shown = f"{_RULE * 2} {text} "
    return [*kept, cut(shown + _RULE * (columns - 1 - width(shown)), columns - 1)]
