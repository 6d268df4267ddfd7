"""What `nono.broker.named_tuple` makes, compared with what `typing` makes."""

from __future__ import annotations

import copy
import typing
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nono.broker import named_tuple as ours


def made_by(module: Any) -> dict[str, Any]:
    """The same classes, by either."""

    class Pair(module.NamedTuple):  # type: ignore[misc]
        """Words."""

        one: int
        two: str = "2"

        @property
        def both(self) -> str:
            return f"{self.one}{self.two}"

        @classmethod
        def of(cls, one: int) -> Any:
            return cls(one)

        @staticmethod
        def nothing() -> int:
            return 0

        def longer(self) -> Any:
            return self._replace(two=self.two * 2)

    class Nothing(module.NamedTuple):  # type: ignore[misc]
        pass

    class Alone(module.NamedTuple):  # type: ignore[misc]
        value: object

    class Own(module.NamedTuple):  # type: ignore[misc]
        one: int = 1

        def __repr__(self) -> str:
            return "mine"

        def __bool__(self) -> bool:
            return False

    class Below(Pair):
        pass

    return {name: each for name, each in locals().items() if isinstance(each, type)}


OURS, STANDARD = made_by(ours), made_by(typing)

ARGUMENTS: list[tuple[tuple[Any, ...], dict[str, Any]]] = [((), {}), ((1,), {}), ((1, "a"), {})]
ARGUMENTS += [((1, "a", 3), {}), ((), {"one": 3}), ((2,), {"one": 1}), ((), {"value": 3})]
ARGUMENTS += [((), {"nothing": 1})]


def outcome(of: Callable[[], Any]) -> str:
    """What it comes to, in words."""
    try:
        return repr(of())
    except Exception as error:
        return f"{type(error).__name__}: {str(error).rpartition('.')[2]}"


@pytest.mark.parametrize("name", OURS)
def test_they_are_the_same(name: str) -> None:
    ours_told, standard_told = (list(_told(made[name])) for made in (OURS, STANDARD))
    assert ours_told == standard_told


def _told(cls: Any) -> Iterator[str]:
    yield f"{cls.__name__} {cls._fields} {cls._field_defaults} {cls.__match_args__}"
    yield f"{'Words' in (cls.__doc__ or '')} {[*cls.__annotations__]} {cls.__mro__[-2:]}"
    yield f"{cls.__module__} {cls.__qualname__}"
    for given, named in ARGUMENTS:
        made = outcome(lambda: cls(*given, **named))  # noqa: B023
        # By typing they come from a lambda, whose name an error tells.
        yield made.partition("Error: ")[1] or made
        if "Error: " not in made:
            yield from _of_object(cls, cls(*given, **named))
    for values in ((), (1,), (1, "a")):
        yield outcome(lambda: cls._make(values))  # noqa: B023


def _of_object(cls: Any, one: Any) -> Iterator[str]:
    yield outcome(lambda: (tuple(one), len(one), one == tuple(one), hash(one) == hash(tuple(one))))
    yield outcome(lambda: (one._asdict(), [getattr(one, name) for name in cls._fields]))
    yield outcome(lambda: (one._replace(), type(one._replace()) is cls, bool(one)))
    yield outcome(lambda: one._replace(one=5))
    yield outcome(lambda: one._replace(never=5))
    yield outcome(lambda: (copy.copy(one), copy.deepcopy(one), hasattr(one, "__dict__")))
    yield outcome(lambda: setattr(one, "one", 3)).partition("Error")[1]
    yield outcome(lambda: (one.both, one.of(7), one.nothing(), one.longer()))


def test_a_pattern_takes_it_apart() -> None:
    for made in (OURS, STANDARD):
        pair = made["Pair"]
        match pair(1, "x"):
            case pair(one, two=two):
                assert (one, two) == (1, "x")
    with pytest.raises(TypeError):
        made_by_hand: Any = ours.NamedTuple
        made_by_hand()
