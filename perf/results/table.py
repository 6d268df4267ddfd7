"""A result as tables: in Markdown for pages, in columns for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from nono.broker.counting.durations import duration
from nono.perf.results.result import Line, Result
from nono.perf.results.spread import Figure

_HEAD = ("median", "spread", "p99", "p99.9", "x native", "against its limit (budget)", "samples")


def markdown(result: Result) -> str:
    """One table for each section, columns aligned."""
    return "\n\n".join(map(_in_markdown, tables(result)))


def columns(result: Result) -> list[str]:
    """Lines for a terminal, without what no row has."""
    lines: list[str] = []
    for table in tables(result):
        kept = [column for column in zip(*table, strict=True) if any(column[1:])]
        widths = [max(map(len, column)) for column in kept]
        rows = zip(*kept, strict=True)
        lines += ["  ".join(map(str.ljust, cells, widths)).rstrip() for cells in rows]
        lines.append("")
    return lines[:-1]


def tables(result: Result) -> Iterator[list[tuple[str, ...]]]:
    """The cells of each section, its heading first."""
    for section, group in groupby(result.lines, key=lambda each: each.section):
        yield [(section, *_HEAD), *(_cells(result, line) for line in group)]


def _cells(result: Result, line: Line) -> tuple[str, ...]:
    against = (
        f"{ratio.value:.2f} x {limit.row} ({limit.budget:g})" for limit, ratio in result.held(line)
    )
    native = result.to_native(line)
    return (
        line.name,
        duration(line.median.value),
        f"{duration(line.median.low)} to {duration(line.median.high)}",
        _tail(line.p99),
        _tail(line.p999),
        "" if native is None else f"{native.value:.2f}",
        "; ".join(against),
        str(line.samples),
    )


def _tail(figure: Figure | None) -> str:
    if figure is None:
        return ""
    return f"{duration(figure.value)} ({duration(figure.low)} to {duration(figure.high)})"


def _in_markdown(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [rows[0], ["-" * width for width in widths], *rows[1:]]
    return "\n".join("| " + " | ".join(map(str.ljust, cells, widths)) + " |" for cells in lines)
