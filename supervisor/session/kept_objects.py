"""A plan and what completes it, made of bytes again: of what `packed_objects.py` makes.

They are read from a file that is this user's own, and still become nothing but objects of the kinds
that a policy consists of: data, of which none does anything when it is made. There are some
thousand, so all of one kind are made together, field by field.
"""

from __future__ import annotations

import marshal
import sys
from functools import partial
from itertools import repeat

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from nono.supervisor.decisions.complete import Complete
    from nono.supervisor.planning.plan import Plan

_OF_BROKER = (
    *("floor.floor", "limits", "network.index", "network.network", "policy.around"),
    *("policy.environment", "policy.index", "policy.policy", "rules.access", "rules.automaton"),
    *("rules.begun", "rules.folding", "rules.host_patterns", "rules.patterns", "rules.rule"),
)
_OF_SUPERVISOR = (
    *("decisions.complete", "planning.git.repositories", "planning.paths.own_caches"),
    "planning.plan",
)
MODULES = frozenset(
    [
        *(f"nono.broker.{name}" for name in _OF_BROKER),
        *(f"nono.supervisor.{name}" for name in _OF_SUPERVISOR),
    ]
)
"""Those that have the kinds of objects which a plan and a policy consist of."""

PLAIN, OBJECT, OBJECTS, CONTAINER, DICTIONARY = range(5)
"""What a value is packed as: itself; an object's number; a tuple of these; one that has others."""
CONTAINERS: dict[str, Callable[[Iterable[Any]], Any]] = {
    **{"tuple": tuple, "list": list, "set": set, "frozenset": frozenset},
}


def is_member(kind: type) -> bool:
    """Whether its objects are an enumeration's."""
    return hasattr(kind, "_of_value")


def unpacked(data: bytes) -> tuple[Plan, Complete]:
    """Raises Exception for what is odd."""
    groups, plan, made = marshal.loads(data)
    objects: list[Any] = []
    for module, name, fields, count, columns in groups:
        values = [_column(objects, *each) for each in columns]
        if any(len(each) != count for each in values):
            raise ValueError("columns of different lengths")
        objects += _made(_kind(module, name), fields, count, values)
    plan, made = objects[plan], objects[made]
    if (type(plan).__name__, type(made).__name__) != ("Plan", "Complete"):
        raise ValueError("neither a plan nor what completes it")
    return plan, made


def _kind(module: str, name: str) -> Any:
    """A class that a module of these has itself."""
    if module not in MODULES:
        raise ValueError(module)
    __import__(module)
    found = getattr(sys.modules[module], name)
    if not isinstance(found, type) or found.__module__ != module:
        raise ValueError(name)
    return found


def _made(kind: Any, fields: Any, count: int, columns: Sequence[Sequence[Any]]) -> list[Any]:
    if is_member(kind):
        return [*map(kind, *columns)]
    if issubclass(kind, tuple):
        rows = zip(*columns, strict=True) if columns else repeat((), count)
        return [*map(partial(tuple.__new__, kind), rows)]
    made = [*map(object.__new__, repeat(kind, count))]
    for field, column in zip(fields, columns, strict=True):
        put = getattr(getattr(kind, field, None), "__set__", None)
        if put is None:  # it has no slot
            for each, value in zip(made, column, strict=True):
                vars(each)[field] = value
        else:
            any(map(put, made, column))  # which gives None each time
    return made


def _column(objects: Sequence[Any], form: int, values: Any) -> Sequence[Any]:
    """Of one field, the values of all."""
    if form == PLAIN:
        return values  # type: ignore[no-any-return]
    if form == OBJECT:
        return [*map(objects.__getitem__, values)]
    return [_value(objects, *each) for each in values]


def _value(objects: Sequence[Any], form: int, *packed: Any) -> Any:
    if form == PLAIN:
        return packed[0]
    if form == OBJECT:
        return objects[packed[0]]
    if form == OBJECTS:
        return tuple(map(objects.__getitem__, packed[0]))
    if form == CONTAINER:
        name, values = packed
        return CONTAINERS[name]([_value(objects, *each) for each in values])
    keys, values = packed
    pairs = zip(keys, values, strict=True)
    return {_value(objects, *key): _value(objects, *value) for key, value in pairs}
