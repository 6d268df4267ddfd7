"""How long: a number of seconds, or a number with a unit."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

_Function = TypeVar("_Function", bound=Callable[..., Any])
_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600}
_TEXT: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})([smh]?)")


def seconds(text: str) -> float:
    """Above 0: `90`, `1.5`, `90s`, `5m`, `2h`. Raises click.BadParameter."""
    found = _TEXT.fullmatch(text)
    number = float(found[1]) * _UNITS[found[2]] if found else 0.0
    if not number:
        raise click.BadParameter(f"{text!r} is no time above 0, such as 90, 1.5, 90s, 5m or 2h")
    return number


def timeout(what: str) -> Callable[[_Function], _Function]:
    """The option `--timeout`; `what` is done when the time is up, in words for its help."""

    def read(ctx: click.Context, param: click.Parameter, value: str | None) -> float:
        return math.inf if value is None else seconds(value)

    return click.option("--timeout", callback=read, metavar="SECONDS|5m|2h", help=what)
