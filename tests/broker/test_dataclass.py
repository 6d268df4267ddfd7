"""What `nono.broker.dataclass` makes, compared with what the standard decorator makes."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import pprint
import sys
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from nono.broker import Access, Open
from nono.broker import dataclass as ours
from nono.broker.requests import NOBODY
from tests.conftest import CHECKOUT


def made_by(decorators: Any) -> SimpleNamespace:
    """The same classes, by either."""
    dataclass, field, replace = decorators.dataclass, decorators.field, decorators.replace

    @dataclass
    class Plain:
        """Words."""

        one: int
        two: str = "2"

    @dataclass(frozen=True)
    class Frozen:
        one: int
        made: list[int] = field(default_factory=list, hash=False)

    @dataclass(slots=True)
    class Slots:
        one: int = 1
        two: list[int] = field(default_factory=list)

    @dataclass(eq=False, slots=True)
    class ByIdentity:
        one: int = 1

    @dataclass(frozen=True, slots=True)
    class Nothing:
        pass

    @dataclass(frozen=True, slots=True)
    class Both:
        one: int
        spelled: str = field(default="", compare=False)
        shown: int = field(init=False, compare=False, repr=False)

        def __post_init__(self) -> None:
            object.__setattr__(self, "shown", self.one + 1)

    @dataclass(frozen=True, slots=True)
    class Below(Both):
        more: tuple[int, ...] = ()
        one: int = 5

    @dataclass(frozen=True, slots=True)
    class OwnMethods:
        one: int

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 7

        def __repr__(self) -> str:
            return "mine"

    local = {name: each for name, each in locals().items() if isinstance(each, type)}
    return SimpleNamespace(replace=replace, classes=local)


OURS, STANDARD = made_by(ours), made_by(dataclasses)
BOTH = (OURS, STANDARD)

ARGUMENTS: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((), {}),
    ((1,), {}),
    ((1, "a"), {}),
    ((1, "a", 3), {}),
    ((2,), {"one": 1}),
]
ARGUMENTS += [((), {"one": 3}), ((), {"nothing": 1}), ((1,), {"made": [4]}), ((3, "a", (1,)), {})]


def outcome(of: Callable[[], Any]) -> str:
    """What it comes to, in words."""
    try:
        return repr(of()).replace("0x", "")
    except Exception as error:
        return f"{type(error).__name__}: {str(error).rpartition('.')[2]}"


@pytest.mark.parametrize("name", OURS.classes)
def test_they_are_the_same(name: str) -> None:
    told: list[list[str]] = []
    for module in BOTH:
        cls = module.classes[name]
        lines = [f"{cls.__name__} {'Words' in (cls.__doc__ or '')} {cls.__match_args__}"]
        lines += [repr(cls.__dict__.get("__slots__")), str(cls.__hash__ is None)]
        for given, named in ARGUMENTS:
            lines += list(_of_object(module, cls, given, named))
        lines += [
            f"{each.name} {each.type} {each.init} {each.repr} {each.compare} {each.hash}"
            for each in dataclasses.fields(cls)
        ]
        told.append(lines)
    assert told[0] == told[1]


def _of_object(module: Any, cls: Any, given: Any, named: Any) -> Iterator[str]:
    made = outcome(lambda: cls(*given, **named))
    yield made.partition(" object at ")[0]
    if "Error" in made:
        return
    one, other = cls(*given, **named), cls(*given, **named)
    yield outcome(lambda: (one == other, one != other, one == 3, one == one, one is not other))
    if cls.__dict__.get("__eq__") or cls.__hash__ is None:
        yield outcome(lambda: hash(one) == hash(other))
    yield outcome(lambda: hasattr(one, "__dict__"))
    yield outcome(lambda: setattr(one, "one", 9)).partition("Error")[1]
    # The standard one stumbles over a name that a frozen class with slots does not have.
    yield outcome(lambda: setattr(one, "never", 9)).partition("Error")[1]
    yield outcome(lambda: delattr(other, "one")).partition("Error")[1]
    for replace in (module.replace, dataclasses.replace):
        yield outcome(lambda: replace(one, one=8)).partition(" object at ")[0]  # noqa: B023
        yield outcome(lambda: replace(one, shown=8)).partition(":")[0]  # noqa: B023
    for copied in (copy.copy(one), copy.deepcopy(one)):
        yield repr(copied).partition(" object at ")[0]
        yield outcome(lambda: [getattr(copied, each.name) for each in dataclasses.fields(copied)])  # noqa: B023


def test_hashes_and_defaults_of_objects() -> None:
    for module in BOTH:
        Frozen, Both, Below = (module.classes[each] for each in ("Frozen", "Both", "Below"))
        assert Frozen(1).made is not Frozen(1).made
        assert hash(Both(1, "a")) == hash(Both(1, "b"))
        assert Both(1, "a") == Both(1, "b") != Both(2)
        assert Below(1, "") != Both(1, "")
        assert issubclass(Below, Both)
        match Below(1, "a", (2,)):
            case Below(1, spelled, more):
                assert (spelled, more) == ("a", (2,))
        with pytest.raises(dataclasses.FrozenInstanceError):
            Frozen(1).one = 2


def test_what_is_below_a_frozen_one_has_attributes_of_its_own() -> None:
    for module in BOTH:
        frozen: Any = module.classes["Frozen"]
        more: Any = type("More", (frozen,), {})(1)
        more.other = 3
        assert more.other == 3
        with pytest.raises(dataclasses.FrozenInstanceError):
            more.one = 3


def test_what_the_standard_decorator_makes_is_known() -> None:
    """`replace` takes it; a class below it would lack its fields, and is refused."""
    both = STANDARD.classes["Both"]
    assert ours.replace(both(1), one=2) == both(2) == dataclasses.replace(both(1), one=2)
    with pytest.raises(TypeError, match="Both, below More"):
        ours.dataclass(frozen=True, slots=True)(type("More", (both,), {"__slots__": ()}))


def _ours() -> Iterator[Any]:
    """Every class of nono's that is made so."""
    for path in sorted(CHECKOUT.glob("broker/**/*.py")) + sorted(
        CHECKOUT.glob("supervisor/**/*.py")
    ):
        if "from nono.broker.dataclass import" not in path.read_text():
            continue
        if "linux" in path.parts and sys.platform != "linux":
            continue
        name = ".".join(["nono", *path.relative_to(CHECKOUT).with_suffix("").parts])
        for each in vars(importlib.import_module(name)).values():
            if (
                isinstance(each, type)
                and each.__module__ == name
                and "_record_fields" in vars(each)
            ):
                yield each


@pytest.mark.parametrize("name", OURS.classes)
def test_fields_are_of_the_types_that_the_class_or_one_above_says(name: str) -> None:
    ones, others = (dataclasses.fields(module.classes[name]) for module in BOTH)
    assert [(one.name, one.type) for one in ones] == [(one.name, one.type) for one in others]


def test_the_standard_functions_know_them() -> None:
    found = list(_ours())
    assert len(found) > 60
    for each in found:
        fields = dataclasses.fields(each)
        assert tuple(field.name for field in fields if field.init) == each.__match_args__
        assert [field.name for field in fields] == [*vars(each)["_record_fields"]]
        assert dataclasses.is_dataclass(each)


def test_a_class_of_a_user_below_one_and_pprint() -> None:
    """Both ask how the class was made, as what is made by `dataclasses` says."""
    asked = Open(NOBODY, "/x" * 100, Access.READ)
    assert pprint.pformat(asked) == repr(asked)

    @dataclasses.dataclass(frozen=True)
    class Noted(Open):
        note: str = ""

    assert Noted(NOBODY, "/x", Access.READ, note="seen").note == "seen"
    with pytest.raises(TypeError, match="non-frozen"):
        dataclasses.dataclass(type("Open", (Open,), {"__annotations__": {"note": str}}))
