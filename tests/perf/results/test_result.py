"""Figures and how sure they are: ratios within rounds, spreads by drawing rounds anew."""

import pytest

from nono.perf.results.row import Limit
from nono.perf.results.spread import median_of, middle, quantile_of, ratio_of
from tests.perf.recorded import line, result, varied


def test_a_ratio_is_taken_within_each_round() -> None:
    """A machine that is ten times as slow in some rounds changes nothing."""
    native = line("native", [[100], [1000], [100], [1000]])
    inside = line("nono", [[210], [2000], [200], [2000]], limits=(Limit("native", 1.5),))
    found = result(native, inside)
    ratio = found.to_native(inside)
    assert ratio is not None
    assert (ratio.value, ratio.low) == (2.0, 2.0)
    assert ratio.high == pytest.approx(2.05, abs=0.051)
    ((limit, held),) = found.held(inside)
    assert (limit.budget, held.value) == (1.5, 2.0)


def test_what_was_not_measured_is_held_against_nothing() -> None:
    alone = line("nono", [[1], [2]], limits=(Limit("gone", 2.0),))
    found = result(alone)
    assert found.to_native(alone) is None
    assert found.held(alone) == []
    other_rounds = line("native", [[1]])
    late = line("late", [[2], [2]])
    late = type(late)(late.section, late.name, 1, {7: 2.0}, late.median, native="native")
    assert result(other_rounds, late).to_native(late) is None


def test_tails_need_samples() -> None:
    few, some, many = (line("x", [range(1, count + 1)]) for count in (99, 100, 1000))
    assert (few.p99, some.p999) == (None, None)
    assert some.p99 is not None
    assert many.p99 is not None
    assert many.p999 is not None
    assert (some.p99.value, many.p99.value, many.p999.value) == (100, 991, 1000)


def test_spreads() -> None:
    steady = median_of([100.0] * 10)
    assert (steady.value, steady.low, steady.high) == (100.0, 100.0, 100.0)
    wild = median_of([100.0 + 10 * number for number in range(21)])
    assert 100 < wild.low < wild.value == 200 < wild.high < 300
    assert median_of([100.0, 300.0, 200.0]) == median_of([100.0, 300.0, 200.0])
    tail = quantile_of(varied(1000), 0.99)
    assert tail.low <= tail.value <= tail.high
    ratio = ratio_of([20.0, 22.0, 21.0], [10.0, 11.0, 10.0])
    assert ratio.low <= ratio.value == 2.1 <= ratio.high
    assert middle([*range(100)], 0.9) == (5, 94)
