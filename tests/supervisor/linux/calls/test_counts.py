"""What the lane in C counts, and what is made of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nono.broker.counting.histogram import bucket_of
from nono.shims.linux import lane

pytestmark = pytest.mark.requires(commands=["gcc"])


@given(st.integers(0, 2**64 - 1) | st.integers(0, 5000))
def test_the_lane_in_c_has_the_same_buckets(number: int) -> None:
    assert lane.bucket(number) == bucket_of(number)
