"""The costliest of any number of objects, and how far off it may be."""

import random
from collections import Counter

from nono.broker.counting.costliest import Costliest


def test_few_are_told_exactly() -> None:
    found: Costliest[str] = Costliest()
    for name, cost in (("a", 5), ("b", 7), ("a", 4)):
        found.add(name, cost)
    assert found.top(10) == [("a", 9, 2), ("b", 7, 1)]
    assert found.top(1) == [("a", 9, 2)]
    assert found.missed == 0


def test_of_many_none_is_off_by_more_than_it_says() -> None:
    """Nor is one missing that cost more."""
    chance = random.Random(5)
    found: Costliest[int] = Costliest(64)
    exact: Counter[int] = Counter()
    for number in range(20_000):
        key = number if chance.random() < 0.5 else chance.randrange(8)
        cost = chance.randrange(10)
        exact[key] += cost
        found.add(key, cost)
    told = {key: cost for key, cost, _ in found.top(64)}
    assert len(told) <= 64
    assert 0 < found.missed < max(exact.values())
    for key, cost in exact.items():
        assert 0 <= cost - told.get(key, 0) <= found.missed
