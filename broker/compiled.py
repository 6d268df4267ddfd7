"""Functions whose text is made at run time: what a text was compiled to is there for the next.

Some seventy are made at a start, and the compiler takes a twentieth of it. Who starts often keeps
them (`supervisor/cli/kept_modules.py`) and puts them here. A text is all that its code comes from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import CodeType

texts: dict[str, CodeType] = {}
"""The code of each text so far."""


def made_of(text: str, name: str, known: dict[str, Any]) -> Any:
    """The function that a text defines by this name, where it knows these names."""
    code = texts.get(text)
    if code is None:
        code = texts[text] = compile(text, "<string>", "exec", dont_inherit=True)
    exec(code, known)
    return known[name]


def share(kept: dict[str, CodeType]) -> None:
    """Take these, and put every new one there, too."""
    global texts
    kept.update(texts)
    texts = kept
