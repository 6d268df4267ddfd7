"""How long many things took, in few numbers: buckets that are linear in each power of two.

The idea is that of HDR histograms. A value is off by a thirty-second of itself at most, and no
number of values takes more memory. `lane.c` counts by the same buckets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

SUB_BITS = 5
MAX_BUCKETS = 1280
"""The last one begins at about five hours in nanoseconds, and has all that is longer."""


def bucket_of(value: int) -> int:
    """The bucket of a number that is not negative."""
    shift = value.bit_length() - 1 - SUB_BITS
    if shift < 0:
        return value
    return min((shift << SUB_BITS) + (value >> shift), MAX_BUCKETS - 1)


def beginning_of(bucket: int) -> int:
    """The smallest number in a bucket."""
    shift = (bucket >> SUB_BITS) - 1
    return bucket if shift < 1 else (bucket - (shift << SUB_BITS)) << shift


class Histogram:
    """Of numbers that are not negative. One thread adds, any may read."""

    def __init__(self, buckets: Mapping[int, int] | None = None) -> None:
        """With `buckets`: what was counted elsewhere, by number of the bucket."""
        self._counts = dict(buckets or {})

    def add(self, value: int) -> None:
        """Count one more."""
        bucket = bucket_of(value)
        self._counts[bucket] = self._counts.get(bucket, 0) + 1

    @property
    def count(self) -> int:
        """How many numbers were added."""
        return sum(self._counts.copy().values())

    def quantile(self, part: float) -> int:
        """The beginning of the bucket that `part` of all numbers do not exceed; 0 for none."""
        counts = self._counts.copy()
        left = part * sum(counts.values())
        found = 0
        for found in sorted(counts):
            left -= counts[found]
            if left <= 0:
                break
        return beginning_of(found)

    def buckets(self) -> Iterator[tuple[int, int]]:
        """(where it begins, how many) of each bucket with something in it, in order."""
        counts = self._counts.copy()
        return ((beginning_of(bucket), counts[bucket]) for bucket in sorted(counts))
