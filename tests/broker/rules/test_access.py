"""Rights combine as those of `enum` do, which takes longer."""

from __future__ import annotations

import enum
import itertools
import pickle
from typing import Any

import pytest

from nono.broker.rules.access import ALL_ACCESS, Access

EVERY = [Access(value) for value in range(ALL_ACCESS.value + 1)]


def test_every_combination_is_the_one_of_enum() -> None:
    for one, other in itertools.product(EVERY, EVERY):
        assert (one & other) is enum.Flag.__and__(one, other)
        assert (one | other) is enum.Flag.__or__(one, other)
        assert (one in other) == enum.Flag.__contains__(other, one)
    assert all(pickle.loads(pickle.dumps(each)) is each for each in EVERY)
    assert all(~~each is each for each in EVERY)


class Other(enum.Flag):
    READ = 1


def test_nothing_else_combines_with_them() -> None:
    others: list[Any] = [1, None, Other.READ]
    for other in others:
        with pytest.raises(TypeError):
            Access.READ & other
        with pytest.raises(TypeError):
            other | Access.READ
        with pytest.raises(TypeError):
            assert other in Access.READ
