"""What is told about a row: its median and tail, and how it stands to another row.

Rows are measured in turn, round after round, so a ratio is taken within each round, where both
sides saw the same machine, and the median of the rounds is what is told.
"""

from __future__ import annotations

import statistics
from array import array


class Samples:
    """The durations of one row in nanoseconds, by round."""

    def __init__(self) -> None:
        self._rounds: dict[int, array[int]] = {}

    def add(self, number: int, durations: array[int]) -> None:
        self._rounds[number] = durations

    @property
    def count(self) -> int:
        return sum(map(len, self._rounds.values()))

    @property
    def median(self) -> float:
        return statistics.median(self._sorted())

    def quantile(self, part: float) -> int:
        """The smallest duration that `part` of all samples do not exceed."""
        ordered = self._sorted()
        return ordered[min(int(len(ordered) * part), len(ordered) - 1)]

    def ratio_to(self, other: Samples) -> float:
        """The median over the rounds that both were measured in."""
        both = self._rounds.keys() & other._rounds.keys()
        return statistics.median(
            statistics.median(self._rounds[number]) / statistics.median(other._rounds[number])
            for number in both
        )

    def _sorted(self) -> list[int]:
        return sorted(duration for durations in self._rounds.values() for duration in durations)
