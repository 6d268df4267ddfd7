"""Rights combine with each other alone."""

from __future__ import annotations

import enum
from typing import Any

import pytest

from nono.broker.rules.access import ALL_ACCESS, Access


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


def test_only_rights_that_there_are_make_one() -> None:
    bad: list[Any] = [ALL_ACCESS.value + 1, -1, "1", None, [], Other.READ]
    for value in bad:
        with pytest.raises(ValueError, match="is not a valid Access"):
            Access(value)
