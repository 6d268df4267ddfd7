"""A line of a table: what is measured, and what the figure is held against."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass

Measure = Callable[[int], "array[int]"]
"""Takes that many samples, in nanoseconds."""


@dataclass(frozen=True)
class Limit:
    """Another row, and how many times its duration a row may take."""

    row: str
    budget: float


@dataclass(frozen=True)
class Row:
    """One line of the table, with a name of its own in its section.

    `count` samples are taken in every `every`th round. `native` is the row that the ratio to
    native is taken to. With a sample or two a round there is no 99th percentile to tell.
    """

    section: str
    name: str
    measure: Measure
    count: int = 1
    native: str | None = None
    limits: tuple[Limit, ...] = ()
    every: int = 1
