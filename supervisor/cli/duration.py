"""How long: a number of seconds, or a number with a unit."""

from __future__ import annotations

import click

from nono.broker import limits
from nono.broker.errors import PolicyError


def seconds(text: str) -> float:
    """Above 0: `90`, `1.5`, `90s`, `5m`, `2h`. Raises click.BadParameter."""
    try:
        return limits.seconds(text)
    except PolicyError as error:
        such = error.hint.removeprefix("write ")
        raise click.BadParameter(f"{error.message}, such as {such}") from None


def checked(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """An option's value that `seconds` can read, as it was given. Raises click.BadParameter."""
    if value is not None:
        seconds(value)
    return value
