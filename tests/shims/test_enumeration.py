"""What `nono.shims.enumeration` makes, compared with what `enum` makes."""

from __future__ import annotations

import enum
import itertools
import struct
from typing import Any

import pytest

from nono.shims import enumeration as ours


def made_by(module: Any) -> tuple[Any, Any]:
    """The same classes, by either."""

    class Text(module.StrEnum):  # type: ignore[misc]
        SHORT = "short"
        LONG = "long"

    class Bits(module.IntFlag):  # type: ignore[misc]
        A = 1
        B = 2
        C = 8

    return Text, Bits


def told(module: Any) -> list[Any]:
    """What classes of either are asked for, in words."""
    text, bits = made_by(module)
    values = [bits(number) for number in range(16)]
    pairs = [*itertools.product(values, values)]
    return [
        [(repr(each), str(each), each.name, each.value, f"{each}") for each in text],
        [text(each.value) is each for each in text],
        [(repr(each), each.name, each.value) for each in bits],
        [(int(each), bool(each), [*map(int, each)], each.value) for each in values],
        [int(one & other) for one, other in pairs],
        [int(one | other) for one, other in pairs],
        [one in other for one, other in pairs],
        [one == other for one, other in pairs],
        [type(one & other) is type(one | 4) is bits for one, other in pairs],
        [struct.pack("=Q", each) for each in values],
        {each: int(each) for each in values}[bits.A | bits.C],
        bits(1 << 60) == 1 << 60,
    ]


def test_they_are_the_same() -> None:
    for one, other in zip(told(ours), told(enum), strict=True):
        assert one == other


def test_a_text_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="is not a valid"):
        made_by(ours)[0]("none")
