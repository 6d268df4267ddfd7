"""Errors of the library speak of Python: `allow_cwd`, and not of the command line's flag."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

from nono.broker.errors import NonoError
from nono.broker.settings import BY_OPTION

_FLAG = re.compile(r"--([a-z][a-z-]*[a-z])\b")
_OTHERS = frozenset({"best_effort", "floor_only", "audit"})


def python_words(text: str) -> str:
    """The text, with the names of options as Python spells them."""
    return _FLAG.sub(_spelled, text)


def _spelled(found: re.Match[str]) -> str:
    name = found[1].replace("-", "_")
    return name if name in BY_OPTION or name in _OTHERS else found[0]


@contextlib.contextmanager
def in_python() -> Iterator[None]:
    """Every NonoError that leaves the block speaks so."""
    try:
        yield
    except NonoError as error:
        error.message, error.hint = python_words(error.message), python_words(error.hint)
        error.args = (error.message, *error.args[1:])
        raise
