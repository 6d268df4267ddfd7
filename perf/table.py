"""The result, as a table in Markdown and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from perf.rows import Row
from perf.samples import Samples

_TAIL = 0.99
_ENOUGH_FOR_A_TAIL = 100
_UNITS = ((1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns"))


@dataclass(frozen=True)
class Measured:
    """A row with its samples, and with those of all rows in its section."""

    row: Row
    samples: Samples
    section: Mapping[str, Samples]

    def ratio(self, to: str) -> float | None:
        """How many times as long as another row; None when this machine cannot measure that one."""
        return self.samples.ratio_to(self.section[to]) if to in self.section else None

    @property
    def to_native(self) -> float | None:
        return self.ratio(self.row.native) if self.row.native else None

    @property
    def tail(self) -> int | None:
        enough = self.samples.count >= _ENOUGH_FOR_A_TAIL
        return self.samples.quantile(_TAIL) if enough else None

    def held(self) -> Iterator[tuple[str, float, float]]:
        """(row, ratio, budget) of each limit that was measured."""
        for limit in self.row.limits:
            ratio = self.ratio(limit.row)
            if ratio is not None:
                yield limit.row, ratio, limit.budget

    def as_json(self) -> dict[str, Any]:
        return {
            "section": self.row.section,
            "name": self.row.name,
            "median_ns": self.samples.median,
            "p99_ns": self.tail,
            "samples": self.samples.count,
            "native": self.row.native,
            "to_native": self.to_native,
            "limits": [
                {"row": row, "ratio": ratio, "budget": budget} for row, ratio, budget in self.held()
            ],
        }


def markdown(measured: Sequence[Measured]) -> str:
    """One table for each section, columns aligned."""
    tables = []
    for section, group in groupby(measured, key=lambda each: each.row.section):
        lines = [
            [section, "median", "p99", "x native", "against its limit (budget)", "samples"],
            *(_cells(each) for each in group),
        ]
        tables.append(_aligned(lines))
    return "\n\n".join(tables)


def _cells(each: Measured) -> list[str]:
    native = each.to_native
    against = (f"{ratio:.2f} x {row} ({budget:g})" for row, ratio, budget in each.held())
    return [
        each.row.name,
        duration(each.samples.median),
        "" if each.tail is None else duration(each.tail),
        "" if native is None else f"{native:.2f}",
        "; ".join(against),
        str(each.samples.count),
    ]


def _aligned(lines: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join("| " + " | ".join(map(str.ljust, cells, widths)) + " |" for cells in lines)


def duration(nanoseconds: float) -> str:
    """Three digits and a unit."""
    size, unit = next(pair for pair in _UNITS if nanoseconds >= pair[0] or pair[0] == 1.0)
    value = nanoseconds / size
    digits = 2 if value < 10 else 1 if value < 100 else 0
    return f"{value:.{digits}f} {unit}"
