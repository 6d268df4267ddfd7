"""What is counted of one run for `nono run --stats`: its calls by kind and by who answered them."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from nono.broker.counting.costliest import Costliest
from nono.broker.counting.histogram import Histogram
from nono.broker.dataclass import dataclass
from nono.broker.visible import visible

SCHEMA = "nono-stats"
VERSION = 1

_MAX_KINDS = 30
_MAX_OBJECTS = 10
_MAX_OBJECT = 200
_QUANTILES = {"p50_ns": 0.5, "p90_ns": 0.9, "p99_ns": 0.99, "p999_ns": 0.999, "max_ns": 1.0}


class By(enum.StrEnum):
    """Who answered a call."""

    COMPILED = "lane in C"
    LANE = "lane"
    HANDLER = "handler"


class How(enum.StrEnum):
    """What became of a call. One that waits is counted when it begins to, without the wait."""

    CONTINUED = "let through"
    PERFORMED = "performed"
    FAILED = "failed"
    WAITED = "waited"


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What was counted by somebody else: (kind, how, calls, nanoseconds), and its buckets."""

    calls: tuple[tuple[str, How, int, int], ...]
    buckets: Mapping[int, int]


class Tally:
    """Of one run. One thread notes, any may read."""

    def __init__(self) -> None:
        self._calls: dict[tuple[str, By, How], list[int]] = {}
        self._latency = {by: Histogram() for by in (By.LANE, By.HANDLER)}
        self._objects: Costliest[tuple[str, str]] = Costliest()
        self._sources: list[Callable[[], Elsewhere]] = []

    def add_source(self, read: Callable[[], Elsewhere]) -> None:
        """Count what somebody else counts, too. `read` may be called from any thread."""
        self._sources.append(read)

    def note(self, kind: str, by: By, how: How, nanoseconds: int) -> None:
        """Count a call that was answered."""
        known = self._calls.setdefault((kind, by, how), [0, 0])
        known[0] += 1
        known[1] += nanoseconds
        self._latency[by].add(nanoseconds)

    def note_object(self, kind: str, name: str, nanoseconds: int) -> None:
        """Count what a call was about; the name is the program's own, and hostile."""
        self._objects.add((kind, name[:_MAX_OBJECT]), nanoseconds)

    def plain(self) -> dict[str, Any]:
        """As JSON has it; all text is safe to show."""
        others = [read() for read in self._sources]
        calls = self._all_calls(others)
        return {
            "schema": SCHEMA,
            "version": VERSION,
            "calls": calls[:_MAX_KINDS],
            "total": _total(calls),
            "by": [_total(calls, str(by)) for by in By],
            "latency": [*self._latencies(others)],
            "objects": [
                {
                    "call": kind,
                    "object": visible(name, _MAX_OBJECT),
                    "count": count,
                    "nanoseconds": cost,
                }
                for (kind, name), cost, count in self._objects.top(_MAX_OBJECTS)
            ],
            "objects_missed_ns": self._objects.missed,
        }

    def _all_calls(self, others: Iterable[Elsewhere]) -> list[dict[str, Any]]:
        found = {key: tuple(counts) for key, counts in self._calls.copy().items()}
        for other in others:
            for kind, how, count, nanoseconds in other.calls:
                if count:
                    before = found.get((kind, By.COMPILED, how), (0, 0))
                    both = before[0] + count, before[1] + nanoseconds
                    found[kind, By.COMPILED, how] = both
        made = [
            {"call": kind, "by": str(by), "how": str(how), "count": count, "nanoseconds": ns}
            for (kind, by, how), (count, ns) in found.items()
        ]
        return sorted(made, key=lambda each: each["nanoseconds"], reverse=True)

    def _latencies(self, others: list[Elsewhere]) -> Iterable[dict[str, Any]]:
        compiled: dict[int, int] = {}
        for other in others:
            for bucket, count in other.buckets.items():
                compiled[bucket] = compiled.get(bucket, 0) + count
        for by, histogram in {By.COMPILED: Histogram(compiled), **self._latency}.items():
            if count := histogram.count:
                quantiles = {name: histogram.quantile(q) for name, q in _QUANTILES.items()}
                yield {
                    "by": str(by),
                    "count": count,
                    **quantiles,
                    "buckets": [*histogram.buckets()],
                }


def _total(calls: Iterable[Mapping[str, Any]], by: str = "") -> dict[str, Any]:
    counted = [each for each in calls if by in ("", each["by"])]
    made = {name: sum(each[name] for each in counted) for name in ("count", "nanoseconds")}
    return {"by": by, **made} if by else made
