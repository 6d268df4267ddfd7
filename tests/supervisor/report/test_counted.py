"""What is shown of a run's calls: numbers as they were recorded, nothing hostile, no garbage."""

from typing import Any

import pytest

from nono.broker.visible import visible
from nono.supervisor.report.counted import text

RECORDED: dict[str, Any] = {
    "total": {"count": 1003, "nanoseconds": 2_600_000},
    "latency": [
        {
            "by": "lane in C",
            "count": 1000,
            "p50_ns": 1984,
            "p90_ns": 2048,
            "p99_ns": 4096,
            "p999_ns": 5000,
            "max_ns": 5000,
            "buckets": [[1984, 900], [4096, 100]],
        },
    ],
    "calls": [
        {
            "call": "openat",
            "by": "lane in C",
            "how": "let through",
            "count": 1000,
            "nanoseconds": 9,
        },
    ],
    "objects": [{"call": "mkdir", "object": "/a\x1b[2J", "count": 3, "nanoseconds": 600_000}],
    "objects_missed_ns": 1000,
}


def test_what_people_see() -> None:
    assert text(RECORDED, 1.5) == [
        "nono: 1,003 calls were stopped, 2.60 ms in nono of 1.5 s",
        "  answered by  calls  p50      p90      p99      p99.9    max",
        "  lane in C    1,000  1.98 µs  2.05 µs  4.10 µs  5.00 µs  5.00 µs",
        f"   1.02 µs and more  {'#' * 40} 900",
        f"   4.10 µs and more  {'#' * 5:<40} 100",
        "  call    by         how          calls  time",
        "  openat  lane in C  let through  1,000  9.00 ns",
        "  what cost most, without the lane in C, each perhaps 1.00 µs more:",
        "  600 µs  3 x  mkdir /a\\x1b[2J",
    ]


def test_nothing_was_stopped() -> None:
    assert text({"total": {"count": 0, "nanoseconds": 0}}) == [
        "nono: 0 calls were stopped, 0.00 ns in nono"
    ]


@pytest.mark.parametrize("bad", [None, 7, "\x1b[2J", [], [None], [["\x1b"]], {"count": "\x1b"}])
def test_what_comes_over_a_socket_is_not_believed(bad: object) -> None:
    for name in RECORDED:
        for line in text({**RECORDED, name: bad}):
            assert visible(line, 1000) == line
    for name in RECORDED["latency"][0]:
        for line in text({**RECORDED, "latency": [{**RECORDED["latency"][0], name: bad}]}):
            assert visible(line, 1000) == line
