"""What `nono run --stats` and `nono status` show of a run's calls, from what JSON has of them.

It may come from the run itself or over its control socket: nothing of it is believed to be a number
or safe to show.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nono.broker.counting.durations import duration
from nono.broker.visible import visible

_MAX_CALLS = 15
_MAX_OBJECTS = 10
_MAX_TEXT = 200
_BAR = 40
_QUANTILES = {
    "p50": "p50_ns",
    "p90": "p90_ns",
    "p99": "p99_ns",
    "p99.9": "p999_ns",
    "max": "max_ns",
}


def text(plain: Mapping[str, Any], seconds: float | None = None) -> list[str]:
    """Lines for people. `seconds` is how long the run took, once it is over."""
    total = _mapping(plain.get("total"))
    count, time = _number(total.get("count")), _number(total.get("nanoseconds"))
    of_run = f" of {seconds:.3g} s" if seconds is not None else ""
    lines = [f"nono: {count:,} calls were stopped, {duration(time)} in nono{of_run}"]
    if not count:
        return lines
    return [*lines, *_latency(plain), *_histogram(plain), *_calls(plain), *_objects(plain)]


def _latency(plain: Mapping[str, Any]) -> list[str]:
    rows = [["answered by", "calls", *_QUANTILES]]
    for each in _list(plain, "latency"):
        quantiles = (duration(_number(each.get(name))) for name in _QUANTILES.values())
        rows.append([_text(each.get("by")), f"{_number(each.get('count')):,}", *quantiles])
    return _aligned(rows)


def _histogram(plain: Mapping[str, Any]) -> Iterator[str]:
    """How many took how long, a line for each doubling."""
    found: dict[int, int] = {}
    for each in _list(plain, "latency"):
        pairs = each.get("buckets")
        for pair in pairs if isinstance(pairs, list) else ():
            if isinstance(pair, list | tuple) and len(pair) == 2:
                doubling = _number(pair[0]).bit_length()
                found[doubling] = found.get(doubling, 0) + _number(pair[1])
    most = max(found.values(), default=0)
    for doubling in sorted(found):
        bar = "#" * -(-_BAR * found[doubling] // max(most, 1))
        begin = duration(1 << doubling >> 1)
        yield f"  {begin:>8} and more  {bar:<{_BAR}} {found[doubling]:,}"


def _calls(plain: Mapping[str, Any]) -> list[str]:
    rows = [["call", "by", "how", "calls", "time"]]
    for each in _list(plain, "calls")[:_MAX_CALLS]:
        words = (_text(each.get(name)) for name in ("call", "by", "how"))
        time = duration(_number(each.get("nanoseconds")))
        rows.append([*words, f"{_number(each.get('count')):,}", time])
    return _aligned(rows)


def _objects(plain: Mapping[str, Any]) -> Iterator[str]:
    found = _list(plain, "objects")[:_MAX_OBJECTS]
    if not found:
        return
    missed = _number(plain.get("objects_missed_ns"))
    more = f", each perhaps {duration(missed)} more" if missed else ""
    yield f"  what cost most, without the lane in C{more}:"
    rows = [
        [
            duration(_number(each.get("nanoseconds"))),
            f"{_number(each.get('count')):,} x",
            f"{_text(each.get('call'))} {_text(each.get('object'))}",
        ]
        for each in found
    ]
    yield from _aligned(rows)


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  "
        + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _list(plain: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = plain.get(name)
    return [_mapping(each) for each in found] if isinstance(found, list) else []


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: object) -> int:
    return max(0, value) if isinstance(value, int) else 0


def _text(value: object) -> str:
    return visible(str(value), _MAX_TEXT)
