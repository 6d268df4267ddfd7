"""`--json` of commands that list something: an array of objects, and nothing else, on stdout."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import click

from nono.broker.visible import visible

F = TypeVar("F", bound=Callable[..., Any])

_MAX_SHOWN = 8192


def json_option(function: F) -> F:
    """The option, as `as_json`."""
    option = click.option("--json", "as_json", is_flag=True, help="As a list in JSON.")
    return option(function)


def print_json(rows: Iterable[Mapping[str, Any]]) -> None:
    """Text in the rows is made safe to show, as everywhere."""
    click.echo(json.dumps([{key: _safe(value) for key, value in row.items()} for row in rows]))


def _safe(value: Any) -> Any:
    if isinstance(value, str):
        return visible(value, limit=_MAX_SHOWN)
    return [_safe(each) for each in value] if isinstance(value, tuple | list) else value
