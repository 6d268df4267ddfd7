"""Results as they were recorded, in the small: made of numbers that a test can follow."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import replace

from nono.perf.results.result import Line, Result, line_of
from nono.perf.results.row import Limit, Row

MACHINE: dict[str, str | int | float] = {
    "kernel": "Linux 6.18",
    "processors": 2,
    "load_before": 0.1,
    "stolen_percent": 0.0,
}


def nothing(count: int) -> array[int]:
    """A measurement that nobody makes."""
    raise AssertionError


def line(
    name: str,
    rounds: Sequence[Sequence[int]],
    native: str | None = "native",
    section: str = "open + close",
    limits: tuple[Limit, ...] = (),
) -> Line:
    """A row with these samples in each round."""
    row = Row(section, name, nothing, 1, native, limits)
    return line_of(row, {number: array("Q", samples) for number, samples in enumerate(rounds)})


def varied(middle: int, rounds: int = 12, part: float = 0.01) -> list[list[int]]:
    """Rounds of 100 samples, whose medians are around `middle`."""
    return [
        [round(middle * (1 + part * ((7 * number) % 5 - 2)) + sample - 50) for sample in range(101)]
        for number in range(rounds)
    ]


def result(*lines: Line, **facts: str | int | float) -> Result:
    """A run of so many rounds as its first row has."""
    return Result({**MACHINE, **facts}, len(lines[0].rounds), lines)


def slower(found: Result, name: str, times: float) -> Result:
    """The same, but one row took so many times as long."""
    lines = []
    for each in found.lines:
        factor = times if each.name == name else 1.0
        rounds = {number: value * factor for number, value in each.rounds.items()}
        lines.append(replace(each, rounds=rounds))
    return replace(found, lines=tuple(lines))
