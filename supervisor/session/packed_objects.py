"""A plan and what completes it as bytes: what is made of them again is `kept_objects.py`'s.

An object has a number, behind those of all that it has. Those of one kind that are equally deep
follow each other, and of each of their fields there is a column.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterable, Sequence
from typing import Any

from nono.supervisor.decisions.complete import Complete
from nono.supervisor.planning.plan import Plan
from nono.supervisor.session.kept_objects import (
    CONTAINER,
    CONTAINERS,
    DICTIONARY,
    MODULES,
    OBJECT,
    OBJECTS,
    PLAIN,
    is_member,
)

_PLAIN_KINDS = frozenset([bool, bytes, float, int, str, type(None)])
_Group = tuple[int, str, str, tuple[str, ...], int]
"""How deep its objects are, their module and class, which fields and how many parts they have."""


def packed(plan: Plan, made: Complete) -> bytes:
    """Raises Exception for what has no bytes."""
    packing = _Packing()
    packing.find((plan, made))
    return packing.packed(plan, made)


class _Packing:
    def __init__(self) -> None:
        self._depths: dict[int, int] = {}
        self._groups: dict[_Group, list[tuple[object, list[object]]]] = {}
        self._numbers: dict[int, int] = {}

    def find(self, value: object) -> int:
        """How deep a value is: 0 for one that has no object of a kind of its own."""
        kind = type(value)
        if kind in _PLAIN_KINDS:
            return 0
        if kind is dict or (kind.__name__ in CONTAINERS and kind.__module__ == "builtins"):
            return max(map(self.find, _parts_of_container(value)), default=0)
        if id(value) not in self._depths:
            if kind.__module__ not in MODULES:
                raise TypeError(kind)
            fields, parts = _parts(value)
            depth = 1 + max(map(self.find, parts), default=0)
            self._depths[id(value)] = depth
            group = (depth, kind.__module__, kind.__name__, fields, len(parts))
            self._groups.setdefault(group, []).append((value, parts))
        return self._depths[id(value)]

    def packed(self, plan: Plan, made: Complete) -> bytes:
        """Once all is found."""
        groups = sorted(self._groups.items())
        for _, objects in groups:
            for value, _ in objects:
                self._numbers[id(value)] = len(self._numbers)
        told = [(*group[1:4], len(objects), self._columns(objects)) for group, objects in groups]
        return marshal.dumps((told, self._numbers[id(plan)], self._numbers[id(made)]))

    def _columns(self, objects: Iterable[tuple[object, list[object]]]) -> list[Any]:
        fields = zip(*(parts for _, parts in objects), strict=True)
        return [*map(self._column, fields)]

    def _column(self, values: Sequence[object]) -> tuple[int, Sequence[object]]:
        told = [self._value(each) for each in values]
        forms = {each[0] for each in told}
        if forms <= {PLAIN} or forms <= {OBJECT}:
            return forms.pop(), [each[1] for each in told]
        return CONTAINER, told

    def _value(self, value: object) -> tuple[Any, ...]:
        if not self.find(value):
            return PLAIN, value
        if id(value) in self._numbers:
            return OBJECT, self._numbers[id(value)]
        if isinstance(value, dict):
            return DICTIONARY, [*map(self._value, value)], [*map(self._value, value.values())]
        parts = [*_parts_of_container(value)]
        if isinstance(value, tuple) and all(id(each) in self._numbers for each in parts):
            return OBJECTS, [self._numbers[id(each)] for each in parts]
        return CONTAINER, type(value).__name__, [*map(self._value, parts)]


def _parts(value: Any) -> tuple[tuple[str, ...], list[object]]:
    """What an object consists of, and by which names where there are some."""
    kind = type(value)
    if is_member(kind):
        return (), [value.value]
    if isinstance(value, tuple):
        return (), [*value]
    slots = [name for each in kind.__mro__ for name in each.__dict__.get("__slots__", ())]
    named = [name for name in (*slots, *getattr(value, "__dict__", ())) if hasattr(value, name)]
    return tuple(named), [getattr(value, name) for name in named]


def _parts_of_container(value: Any) -> Iterable[object]:
    return (*value, *value.values()) if isinstance(value, dict) else value
