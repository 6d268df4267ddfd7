"""What `nono.broker.enumeration` makes, compared with what `enum` makes."""

from __future__ import annotations

import copy
import enum
import itertools
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from nono.broker import enumeration as ours
from nono.broker.rules.rule import Effect


def made_by(module: Any) -> dict[str, Any]:
    """The same classes, by either."""

    class Plain(module.Enum):  # type: ignore[misc]
        """Words."""

        ONE = "the first"
        TWO = 2

        @property
        def is_one(self) -> bool:
            return self is type(self).ONE

    class Text(module.StrEnum):  # type: ignore[misc]
        SHORT = "short"
        LONG = "long"

    class Bits(module.Flag):  # type: ignore[misc]
        A = 1
        B = 2
        C = 8

        def both(self) -> Any:
            return self | type(self).B

    return {"Plain": Plain, "Text": Text, "Bits": Bits}


OURS, STANDARD = made_by(ours), made_by(enum)
VALUES: list[Any] = ["long", "none", 2, 4, None, [], 1.5]
BITS = [0, 1, 2, 3, 8, 9, 10, 11]

ASKED: list[Callable[[dict[str, Any]], Any]] = [
    *(
        lambda made, name=name: (
            [*made[name]],
            len(made[name]),
            made[name].__doc__ if name == "Plain" else "",
            [(each.name, each.value, str(each), f"{each}", repr(each)) for each in made[name]],
            [made[name](each.value) is each for each in made[name]],
            [made[name](each) is each for each in made[name]],
            [made[name][each.name] is each for each in made[name]],
            [each in made[name] for each in made[name]],
            [copy.deepcopy(each) is copy.copy(each) is each for each in made[name]],
            [one == other for one, other in itertools.product(made[name], made[name])],
            [each == each.value for each in made[name]],
            len({*made[name], *made[name]}),
            bool(made[name]),
        )
        for name in ("Plain", "Text", "Bits")
    ),
    *(
        lambda made, name=name, value=value: made[name](value)
        for name in ("Plain", "Text", "Bits")
        for value in VALUES
    ),
    lambda made: made["Plain"]["THREE"],
    lambda made: [each.is_one for each in made["Plain"]],
    lambda made: (json.dumps([*made["Text"]]), made["Text"].SHORT + "er", {"long": 1}),
    lambda made: {"long": 1}[made["Text"].LONG],
    lambda made: type(str(made["Text"].LONG)) is str,
    *(
        lambda made, one=one: [
            *made["Bits"](one),
            made["Bits"](one),
            str(made["Bits"](one)),
            made["Bits"](one).name,
            bool(made["Bits"](one)),
            len(made["Bits"](one)),
            ~made["Bits"](one),
            ~~made["Bits"](one) is made["Bits"](one),
            made["Bits"](one).both(),
        ]
        for one in BITS
    ),
    *(
        lambda made, one=one, other=other: [
            made["Bits"](one) & made["Bits"](other),
            made["Bits"](one) | made["Bits"](other),
            made["Bits"](one) ^ made["Bits"](other),
            made["Bits"](one) in made["Bits"](other),
        ]
        for one, other in itertools.product(BITS, BITS)
    ),
]


def outcome(of: Callable[[dict[str, Any]], Any], made: dict[str, Any]) -> str:
    """What it comes to, in words; for a mistake its kind."""
    try:
        return repr(of(made))
    except (ValueError, KeyError, TypeError) as error:
        return type(error).__name__


@pytest.mark.parametrize("number", range(len(ASKED)))
def test_they_are_the_same(number: int) -> None:
    assert outcome(ASKED[number], OURS) == outcome(ASKED[number], STANDARD)


def test_members_come_back_as_they_are() -> None:
    assert all(pickle.loads(pickle.dumps(each)) is each for each in Effect)
