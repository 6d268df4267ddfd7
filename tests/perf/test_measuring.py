"""Rows in turn, forwards and backwards; what fails is left out, and told of."""

from __future__ import annotations

from array import array

from nono.perf.measuring import measure
from nono.perf.results.row import Measure, Row
from nono.perf.timers import TimerError


def test_every_round_measures_every_row_in_turn() -> None:
    order: list[str] = []

    def taking(name: str) -> Measure:
        def take(count: int) -> array[int]:
            order.append(name)
            return array("Q", [7] * count)

        return take

    rows = [Row("s", name, taking(name), 10) for name in "ab"]
    rows.append(Row("s", "seldom", taking("seldom"), every=2))
    rounds: list[int] = []
    lines, failed = measure(rows, 4, 5, rounds.append)
    assert order == ["a", "b", "seldom", "b", "a", "seldom", "b", "a", "a", "b"]
    assert rounds == [0, 1, 2, 3]
    assert [(line.name, line.samples, [*line.rounds]) for line in lines] == [
        ("a", 8, [0, 1, 2, 3]),
        ("b", 8, [0, 1, 2, 3]),
        ("seldom", 2, [0, 2]),
    ]
    assert failed == []


def test_what_fails_is_left_out_and_told_of() -> None:
    tried: list[int] = []

    def break_down(count: int) -> array[int]:
        tried.append(count)
        if len(tried) == 2:
            raise TimerError("it ended")
        return array("Q", [1])

    good = Row("s", "good", lambda count: array("Q", [1]))
    lines, failed = measure([Row("s", "bad", break_down), good], 5)
    assert [line.name for line in lines] == ["good"]
    assert failed == ["s: bad: it ended"]
    assert len(tried) == 2
