"""What a command takes by itself and in a sandbox, and where the difference comes from."""

from __future__ import annotations

import json
import shlex
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nono.broker.counting.durations import duration
from nono.broker.visible import visible
from nono.perf.results.spread import Figure, median_of

SCHEMA = "nono-bench-command"
VERSION = 1
_MAX_COMMAND = 300


@dataclass(frozen=True)
class Way:
    """One way to run it: wall clock and processor seconds of each round, its exit statuses."""

    seconds: tuple[float, ...]
    processor: tuple[float, ...]
    statuses: tuple[int, ...]

    @property
    def median(self) -> Figure:
        return median_of(self.seconds)


@dataclass(frozen=True)
class Part:
    """Of the difference: how many seconds, and what they are."""

    seconds: float
    words: str


@dataclass(frozen=True)
class CommandResult:
    """The four ways, measured in turn, and what nono counted in the run of middle length."""

    argv: tuple[str, ...]
    policy: tuple[str, ...]
    native: Way
    inside: Way
    true: Way
    true_inside: Way
    stats: Mapping[str, Any]

    @property
    def ratio(self) -> Figure:
        """How many times as long inside."""
        return median_of(_each(self.inside, self.native, lambda a, b: a / b))

    @property
    def difference(self) -> Figure:
        """How many seconds longer inside."""
        return median_of(_each(self.inside, self.native, lambda a, b: a - b))

    @property
    def is_clear(self) -> bool:
        """Whether this machine can tell that it takes longer, or less long, at all."""
        return not self.ratio.low <= 1 <= self.ratio.high

    def parts(self) -> list[Part]:
        """What the difference comes from; they add up to it."""
        start = statistics.median(_each(self.true_inside, self.true, lambda a, b: a - b))
        total = self.stats.get("total", {})
        in_nono = total.get("nanoseconds", 0) / 1e9
        rest = self.difference.value - start - in_nono
        calls = f"in nono, for {total.get('count', 0):,} calls: {_answered(self.stats)}"
        return [
            Part(start, "the start and the end of nono"),
            Part(in_nono, calls),
            Part(rest, "the rest: going to nono and back, what the kernel checks itself"),
        ]


def _each(one: Way, other: Way, take: Any) -> list[float]:
    return [take(a, b) for a, b in zip(one.seconds, other.seconds, strict=True)]


def _answered(stats: Mapping[str, Any]) -> str:
    told = [
        f"{each['by']} {each['count']:,} in {duration(each['nanoseconds'])}"
        for each in stats.get("by", ())
        if each["count"]
    ]
    return ", ".join(told) or "none was counted"


def text(result: CommandResult) -> Iterator[str]:
    """Lines for people, without the calls themselves."""
    ratio, difference = result.ratio, result.difference
    yield f"{visible(shlex.join(result.argv), _MAX_COMMAND)}, {len(result.native.seconds)} rounds"
    yield f"  native  {_way(result.native)}"
    yield f"  nono    {_way(result.inside)}"
    yield f"  {ratio.value:.2f} x native ({ratio.low:.2f} to {ratio.high:.2f} with 95 %)"
    if not result.is_clear:
        yield "  that is no difference that this machine can tell"
    yield f"{_signed(difference.value)} comes from:"
    for part in result.parts():
        percent = 100 * part.seconds / difference.value if result.is_clear else None
        share = "" if percent is None else f"{percent:4.0f} %"
        yield f"  {_signed(part.seconds):>9} {share:>6}  {part.words}"
    yield "  (what several processes wait for at the same time counts for each)"
    if result.native.statuses != result.inside.statuses:
        statuses = (", ".join(map(str, each.statuses)) for each in (result.native, result.inside))
        yield "it ends otherwise inside: status {} by itself, {} in nono".format(*statuses)
    if refused := result.stats.get("refused", 0):
        yield f"{refused} objects were refused, so it may have done less: nono why --last"


def _way(way: Way) -> str:
    median = way.median
    seconds = (median.value, median.low, median.high, statistics.median(way.processor))
    value, low, high, processor = (duration(each * 1e9) for each in seconds)
    return f"{value:>8} ({low} to {high}), processor {processor}"


def _signed(seconds: float) -> str:
    return ("-" if seconds < 0 else "") + duration(abs(seconds) * 1e9)


def to_json(result: CommandResult) -> str:
    """One object. Durations are seconds, those of calls nanoseconds."""
    names = ("native", "inside", "true", "true_inside")
    ways = {name: vars(getattr(result, name)) for name in names}
    ratio = result.ratio
    made = {
        "schema": SCHEMA,
        "version": VERSION,
        "argv": list(result.argv),
        "policy": list(result.policy),
        **ways,
        "ratio": [ratio.value, ratio.low, ratio.high],
        "parts": [vars(part) for part in result.parts()],
        "stats": result.stats,
    }
    return json.dumps(made, indent=1) + "\n"
