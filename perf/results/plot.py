"""A result as a plot of text: a line for each row, on one logarithmic scale for a section."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby

from nono.broker.counting.durations import duration
from nono.perf.results.result import Line, Result

_WIDTH = 60


class Scale:
    """From nanoseconds to a place between 0 and 1, from power of ten to power of ten."""

    def __init__(self, lines: Sequence[Line]) -> None:
        ends = [each for line in lines for each in (line.median.low, furthest(line))]
        self._low = math.floor(math.log10(min(ends)))
        self._high = max(math.ceil(math.log10(max(ends))), self._low + 1)

    def __call__(self, nanoseconds: float) -> float:
        place = (math.log10(nanoseconds) - self._low) / (self._high - self._low)
        return min(max(place, 0.0), 1.0)

    @property
    def ticks(self) -> list[float]:
        """Every power of ten on it."""
        return [10.0**power for power in range(self._low, self._high + 1)]


def furthest(line: Line) -> float:
    """The longest duration that is drawn of a row."""
    tails = [each.value for each in (line.p99, line.p999) if each is not None]
    return max([line.median.high, *tails])


def plot(result: Result) -> list[str]:
    """Lines for a terminal: o the median, = its spread, - up to p99, . up to p99.9."""
    lines: list[str] = []
    for section, group in groupby(result.lines, key=lambda each: each.section):
        rows = [*group]
        scale, width = Scale(rows), max(len(each.name) for each in rows)
        lines += [section, *(f"  {each.name:<{width}} |{_drawn(each, scale)}|" for each in rows)]
        lines += [f"  {'':{width}}  {_ticks(scale)}", ""]
    return [*lines, "o median, = where it is with 95 %, - up to p99, . up to p99.9"]


def _drawn(line: Line, scale: Scale) -> str:
    cells = [" "] * (_WIDTH + 1)

    def fill(begin: float, end: float, sign: str) -> None:
        for cell in range(_cell(scale, begin), _cell(scale, end) + 1):
            cells[cell] = sign

    if line.p999 is not None:
        fill(line.median.value, line.p999.value, ".")
    if line.p99 is not None:
        fill(line.median.value, line.p99.value, "-")
    fill(line.median.low, line.median.high, "=")
    fill(line.median.value, line.median.value, "o")
    return "".join(cells)


def _cell(scale: Scale, nanoseconds: float) -> int:
    return round(scale(nanoseconds) * _WIDTH)


def _ticks(scale: Scale) -> str:
    text = ""
    for tick in scale.ticks:
        value, unit = duration(tick).split()
        text = f"{text:<{_cell(scale, tick)}}{float(value):g} {unit}"
    return text
