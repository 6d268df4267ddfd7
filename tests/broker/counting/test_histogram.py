"""Buckets that are linear in each power of two: as exact as they say."""

from hypothesis import given
from hypothesis import strategies as st

from nono.broker.counting.histogram import MAX_BUCKETS, Histogram, beginning_of, bucket_of

NUMBERS = st.integers(0, 2**64 - 1) | st.integers(0, 5000)


@given(NUMBERS)
def test_a_bucket_is_off_by_a_thirty_second_at_most(number: int) -> None:
    bucket = bucket_of(number)
    assert 0 <= bucket < MAX_BUCKETS
    begin = beginning_of(bucket)
    assert begin <= number
    if bucket < MAX_BUCKETS - 1:
        assert number < beginning_of(bucket + 1)
        assert number - begin <= number / 32


def test_every_bucket_begins_with_a_number_of_its_own() -> None:
    assert [bucket_of(beginning_of(bucket)) for bucket in range(MAX_BUCKETS)] == [
        *range(MAX_BUCKETS)
    ]


def test_quantiles() -> None:
    histogram = Histogram()
    assert (histogram.count, histogram.quantile(0.5)) == (0, 0)
    for number in range(1, 1001):
        histogram.add(number)
    assert histogram.count == 1000
    for part in (0.01, 0.5, 0.99, 1.0):
        assert 0 <= part * 1000 - histogram.quantile(part) <= part * 1000 / 32
    assert sum(count for _, count in histogram.buckets()) == 1000
    again = Histogram({bucket_of(begin): count for begin, count in histogram.buckets()})
    assert [*again.buckets()] == [*histogram.buckets()]
