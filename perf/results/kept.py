"""A result in a file, as JSON: written, and read again by a later run that compares with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from nono.broker.errors import NonoError
from nono.broker.visible import visible
from nono.perf.results.result import Beside, Line, Result
from nono.perf.results.row import Limit
from nono.perf.results.spread import Figure

SCHEMA = "nono-bench"
VERSION = 1
MAX_BYTES = 16 << 20
_MAX_TEXT = 200
_FIGURES = ("median", "p99", "p999")


def to_json(result: Result) -> str:
    """The text of the file. Durations are nanoseconds."""
    made = {
        "schema": SCHEMA,
        "version": VERSION,
        "machine": dict(result.machine),
        "policy": list(result.policy),
        "rounds": result.rounds,
        "notes": list(result.notes),
        "peers": [asdict(each) for each in result.beside],
        "rows": [_plain(result, line) for line in result.lines],
    }
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


def _plain(result: Result, line: Line) -> dict[str, Any]:
    figures = {name: getattr(line, name) for name in _FIGURES}
    native = result.to_native(line)
    return {
        "section": line.section,
        "name": line.name,
        "samples": line.samples,
        **{name: None if each is None else _listed(each) for name, each in figures.items()},
        "native": line.native,
        "to_native": None if native is None else _listed(native),
        "limits": [{"row": each.row, "budget": each.budget} for each in line.limits],
        "round_medians": {str(number): value for number, value in line.rounds.items()},
    }


def _listed(figure: Figure) -> list[float]:
    return [figure.value, figure.low, figure.high]


def from_json(text: str, name: str) -> Result:
    """The result in a file of this name. Raises NonoError for what is none."""
    try:
        plain = json.loads(text)
        if plain["schema"] != SCHEMA:
            raise ValueError("another schema")
        if plain["version"] != VERSION:
            raise NonoError(f"{name}: it is of version {plain['version']!r}, this is {VERSION}")
        return Result(
            {_text(key): _fact(value) for key, value in plain["machine"].items()},
            int(plain["rounds"]),
            tuple(map(_line, plain["rows"])),
            tuple(map(_text, plain["policy"])),
            tuple(map(_text, plain["notes"])),
            tuple(map(_beside, plain.get("peers", ()))),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        message = f"{name} is no result of nono bench ({type(error).__name__})"
        raise NonoError(message, "nono bench --json > FILE") from None


def _line(plain: Mapping[str, Any]) -> Line:
    figures = [None if plain[name] is None else _figure(plain[name]) for name in _FIGURES]
    median, p99, p999 = figures
    rounds = {int(number): _positive(each) for number, each in plain["round_medians"].items()}
    if median is None or not rounds:
        raise ValueError("a row without a figure")
    limits = tuple(Limit(_text(each["row"]), float(each["budget"])) for each in plain["limits"])
    native = None if plain["native"] is None else _text(plain["native"])
    names = _text(plain["section"]), _text(plain["name"])
    return Line(*names, int(plain["samples"]), rounds, median, p99, p999, native, limits)


def _beside(plain: Mapping[str, Any]) -> Beside:
    words = _text(plain["name"]), _text(plain["version"]), _text(plain["words"])
    return Beside(*words, plain["reads_more"] is True, plain["writes_more"] is True)


def _figure(values: list[Any]) -> Figure:
    value, low, high = map(_positive, values)
    return Figure(value, low, high)


def _positive(value: object) -> float:
    if not isinstance(value, int | float) or not 0 < value < 1e18:
        raise ValueError("no duration")
    return float(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return visible(value, _MAX_TEXT)


def _fact(value: object) -> str | int | float:
    return value if isinstance(value, int | float) else _text(value)
