"""How sure a figure is: what it would have been, had other rounds of the same kind been measured.

The bootstrap: rounds are drawn anew, with replacement, as many as there were; the figure is taken
of each such draw, and the middle of all these figures is the spread. Rounds are drawn and not
samples, since what disturbs one call disturbs its neighbours as well.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from nono.broker.counting.histogram import Histogram, bucket_of

PART = 0.95
_DRAWS = 400
_TAIL_DRAWS = 100
_SEED = 20
"""The same rounds give the same spread."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure, and between which two it is with 95 % of all draws."""

    value: float
    low: float
    high: float


def median_of(rounds: Sequence[float]) -> Figure:
    """The median of what each round gave, of which there is one at least."""
    chance = random.Random(_SEED)
    draws = [statistics.median(chance.choices(rounds, k=len(rounds))) for _ in range(_DRAWS)]
    return Figure(statistics.median(rounds), *middle(draws, PART))


def quantile_of(rounds: Sequence[Sequence[int]], part: float) -> Figure:
    """The number that `part` of all samples do not exceed. The spread is off by 3 % at most."""
    ordered = sorted(sample for samples in rounds for sample in samples)
    value = ordered[min(int(len(ordered) * part), len(ordered) - 1)]
    counted = [_counted(samples) for samples in rounds]
    chance = random.Random(_SEED)
    draws: list[float] = []
    for _ in range(_TAIL_DRAWS):
        total: dict[int, int] = {}
        for buckets in chance.choices(counted, k=len(counted)):
            for bucket, count in buckets.items():
                total[bucket] = total.get(bucket, 0) + count
        draws.append(Histogram(total).quantile(part))
    low, high = middle(draws, PART)
    return Figure(value, min(low, value), max(high, value))


def ratio_of(one: Sequence[float], other: Sequence[float]) -> Figure:
    """How many times as much the median of `one` is, where the two were not measured together."""
    draws = ratio_draws(one, other)
    return Figure(statistics.median(one) / statistics.median(other), *middle(draws, PART))


def ratio_draws(one: Sequence[float], other: Sequence[float], draws: int = _DRAWS) -> list[float]:
    """That ratio for draws of either's rounds, in order of size."""
    chance = random.Random(_SEED)

    def drawn(rounds: Sequence[float]) -> float:
        return statistics.median(chance.choices(rounds, k=len(rounds)))

    return sorted(drawn(one) / drawn(other) for _ in range(draws))


def middle(draws: Sequence[float], part: float) -> tuple[float, float]:
    """Between which two `part` of the draws are, as many of the others below as above."""
    ordered = sorted(draws)
    cut = round(len(ordered) * (1 - part) / 2)
    return ordered[cut], ordered[-1 - cut]


def _counted(samples: Sequence[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for sample in samples:
        bucket = bucket_of(sample)
        found[bucket] = found.get(bucket, 0) + 1
    return found
