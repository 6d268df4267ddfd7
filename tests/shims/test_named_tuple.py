"""What `nono.shims.named_tuple` makes, compared with what `typing` makes."""

from __future__ import annotations

import copy
import pickle
import typing
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nono.shims import named_tuple as ours
from nono.shims.linux.syscall_classes import Syscall, SyscallClass


def made_by(module: Any) -> dict[str, Any]:
    """The same classes, by either."""

    class Pair(module.NamedTuple):  # type: ignore[misc]
        """Words."""

        one: int
        two: str = "2"

        @property
        def both(self) -> str:
            return f"{self.one}{self.two}"

    class Nothing(module.NamedTuple):  # type: ignore[misc]
        pass

    class Own(module.NamedTuple):  # type: ignore[misc]
        one: int

        def __repr__(self) -> str:
            return "mine"

    return {name: each for name, each in locals().items() if isinstance(each, type)}


OURS, STANDARD = made_by(ours), made_by(typing)
ARGUMENTS: list[tuple[tuple[Any, ...], dict[str, Any]]] = [((), {}), ((1,), {}), ((1, "a"), {})]
ARGUMENTS += [((1, "a", 3), {}), ((), {"one": 3}), ((2,), {"one": 1}), ((2,), {"two": "b"})]
ARGUMENTS += [((), {"two": "b", "one": 4}), ((1, "a"), {"three": 3})]


def outcome(of: Callable[[], Any]) -> str:
    """What it comes to, in words; of an error its class alone."""
    try:
        return repr(of())
    except Exception as error:
        return type(error).__name__


@pytest.mark.parametrize("name", OURS)
def test_they_are_the_same(name: str) -> None:
    ours_told, standard_told = (list(_told(made[name])) for made in (OURS, STANDARD))
    assert ours_told == standard_told


def _told(cls: Any) -> Iterator[str]:
    yield f"{cls.__name__} {cls._fields} {cls._field_defaults} {cls.__match_args__}"
    yield f"{cls.__mro__[-2:]} {'Words' in (cls.__doc__ or '')} {cls.__module__} {cls.__qualname__}"
    for given, named in ARGUMENTS:
        made = outcome(lambda: cls(*given, **named))  # noqa: B023
        yield made
        if "Error" not in made:
            yield from _of_object(cls(*given, **named))
    for values in ((), (1,), (1, "a")):
        yield outcome(lambda: cls._make(values))  # noqa: B023


def _of_object(one: Any) -> Iterator[str]:
    yield outcome(lambda: (tuple(one), len(one), one == tuple(one), hash(one) == hash(tuple(one))))
    yield outcome(lambda: (one._asdict(), [getattr(one, name) for name in one._fields]))
    yield outcome(lambda: (one._replace(), type(one._replace()) is type(one), hasattr(one, "both")))
    yield outcome(lambda: (copy.copy(one), copy.deepcopy(one), hasattr(one, "__dict__")))
    yield outcome(lambda: setattr(one, "one", 3))


def test_one_goes_through_pickle() -> None:
    call = Syscall(1, SyscallClass.NATIVE)
    assert pickle.loads(pickle.dumps(call)) == call


def test_it_is_no_function() -> None:
    made_by_hand: Any = ours.NamedTuple
    with pytest.raises(TypeError):
        made_by_hand()
