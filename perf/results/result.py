"""What was measured in one run, as it is shown, compared and kept in a file.

Rows are measured in turn, round after round, so a ratio is taken within each round, where both
sides saw the same machine, and the median of the rounds is what is told.
"""

from __future__ import annotations

import statistics
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nono.perf.results.row import Limit, Row
from nono.perf.results.spread import Figure, median_of, quantile_of

_ENOUGH_FOR_P99 = 100
_ENOUGH_FOR_P999 = 1000

Facts = Mapping[str, str | int | float]


@dataclass(frozen=True)
class Line:
    """A row that was measured, in nanoseconds."""

    section: str
    name: str
    samples: int
    rounds: Mapping[int, float]
    """The median of each round that it was measured in."""
    median: Figure
    p99: Figure | None = None
    p999: Figure | None = None
    native: str | None = None
    limits: tuple[Limit, ...] = ()

    def ratio_to(self, other: Line) -> Figure:
        """How many times as long as another row of the same run."""
        return median_of(self.rounds_against(other))

    def rounds_against(self, other: Line) -> list[float]:
        """The ratio in each of the rounds that both were measured in, in order."""
        both = sorted(self.rounds.keys() & other.rounds.keys())
        return [self.rounds[number] / other.rounds[number] for number in both]


@dataclass(frozen=True)
class Beside:
    """Another sandbox that was measured in the same run, and what it was found to hold."""

    name: str
    version: str
    words: str
    """Those before a command, for the directory DIR."""
    reads_more: bool
    """The program could read a file that nothing gave it."""
    writes_more: bool


@dataclass(frozen=True)
class Result:
    """One run."""

    machine: Facts
    rounds: int
    lines: tuple[Line, ...]
    policy: tuple[str, ...] = ()
    """The options of `nono run` that it was measured under, without anything secret."""
    notes: tuple[str, ...] = ()
    """What could not be measured, and why."""
    beside: tuple[Beside, ...] = ()

    def find(self, line: Line, name: str | None) -> Line | None:
        """The row of this name in the section of `line`; None where it was not measured."""
        same = (each for each in self.lines if each.section == line.section)
        found = next((each for each in same if each.name == name), None)
        return found if found is not None and line.rounds.keys() & found.rounds.keys() else None

    def to_native(self, line: Line) -> Figure | None:
        """How many times as long as without a sandbox."""
        native = self.find(line, line.native)
        return None if native is None else line.ratio_to(native)

    def held(self, line: Line) -> list[tuple[Limit, Figure]]:
        """Each limit that was measured, and how many times as long as it the row takes."""
        pairs = ((limit, self.find(line, limit.row)) for limit in line.limits)
        return [(limit, line.ratio_to(other)) for limit, other in pairs if other is not None]


def line_of(row: Row, rounds: Mapping[int, array[int]]) -> Line:
    """The figures of a row that was measured in one round at least."""
    medians = {number: float(statistics.median(found)) for number, found in rounds.items()}
    each: Sequence[array[int]] = [*rounds.values()]
    count = sum(map(len, each))
    return Line(
        row.section,
        row.name,
        count,
        medians,
        median_of([*medians.values()]),
        quantile_of(each, 0.99) if count >= _ENOUGH_FOR_P99 else None,
        quantile_of(each, 0.999) if count >= _ENOUGH_FOR_P999 else None,
        row.native,
        row.limits,
    )
