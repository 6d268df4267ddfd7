"""Durations in words."""

from __future__ import annotations

_UNITS = ((1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns"))


def duration(nanoseconds: float) -> str:
    """Three digits and a unit."""
    size, unit = next(pair for pair in _UNITS if nanoseconds >= pair[0] or pair[0] == 1.0)
    value = nanoseconds / size
    digits = 2 if value < 10 else 1 if value < 100 else 0
    return f"{value:.{digits}f} {unit}"
