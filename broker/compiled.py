"""What is made of text at run time, functions and regular expressions: there for the next start.

Some seventy functions are made at a start, and their compiler takes a twentieth of it; twenty
expressions, which are compiled in Python, a thirtieth. Who starts often keeps them
(`supervisor/cli/kept_modules.py`) and puts them here. A text is all that its code comes from.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    import re
    from types import CodeType
    from typing import Any, AnyStr

_sre: Any
try:
    import _sre  # type: ignore[import-not-found, no-redef]
except ImportError:  # what `re` itself calls: an interpreter need not have it
    _sre = None

texts: dict[str, CodeType] = {}
"""The code of each text so far."""
patterns: dict[tuple[object, ...], tuple[Any, ...]] = {}
"""What each expression so far was compiled to. Of nono's own alone: what people write is theirs."""
_made: dict[tuple[object, ...], Any] = {}


def made_of(text: str, name: str, known: dict[str, Any]) -> Any:
    """The function that a text defines by this name, where it knows these names."""
    code = texts.get(text)
    if code is None:
        code = texts[text] = compile(text, "<string>", "exec", dont_inherit=True)
    exec(code, known)
    return known[name]


def pattern_of(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """As `re.compile`, for an expression that stands in nono's own code.

    It is made by what `re` itself calls, where an interpreter has that, and otherwise by `re`,
    which is loaded for what is not kept: a start does without it.
    """
    key = isinstance(text, bytes), text, int(flags), getattr(_sre, "MAGIC", 0)
    found: re.Pattern[AnyStr] | None = _made.get(key)
    if found is not None:
        return found
    made: re.Pattern[AnyStr]
    try:
        parts = patterns.get(key) or _parts(text, int(flags))
        made = _sre.compile(text, *parts)
        patterns[key] = parts
    except (AttributeError, KeyError, TypeError, ValueError, RuntimeError, OverflowError):
        import re

        made = re.compile(text, flags)
    _made[key] = made
    return made


def _parts(text: str | bytes, flags: int) -> tuple[Any, ...]:
    """What an expression is compiled to, as plain data."""
    import re

    compiler: Any = vars(re)["_compiler"]
    parsed = compiler._parser.parse(text, flags)
    code = compiler._code(parsed, flags)
    state = parsed.state
    names: list[str | None] = [None] * state.groups
    for name, number in state.groupdict.items():
        names[number] = name
    return flags | state.flags, [*map(int, code)], state.groups - 1, state.groupdict, tuple(names)


def share(
    kept: dict[str, CodeType], kept_patterns: dict[tuple[object, ...], tuple[Any, ...]]
) -> None:
    """Take these, and put every new one there, too."""
    global texts, patterns
    kept.update(texts)
    kept_patterns.update(patterns)
    texts, patterns = kept, kept_patterns
