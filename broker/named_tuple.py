"""Named tuples as those of `typing`, whose making takes a fifth of the time.

A start makes fifty of them. As with `nono.broker.dataclass`, what creates an object is compiled
when the first one is made. A test compares them; for a type checker they are the standard ones.
"""

from __future__ import annotations

import collections
from operator import itemgetter

from nono.broker.compiled import made_of

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Any
    from typing import NamedTuple as NamedTuple
else:

    def NamedTuple():
        """The base of a class with a field for each of its annotations."""
        raise TypeError("to be used as the base of a class")

    NamedTuple.__mro_entries__ = lambda bases: (_Base,)


def _plain_getter(number: int, words: str) -> property:
    return property(itemgetter(number), doc=words)


_getter: Any = getattr(collections, "_tuplegetter", _plain_getter)
"""What gives one field of a tuple: made in C where an interpreter has it."""


class _Making(type):
    def __new__(mcs, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> Any:
        if "_is_base" in body:
            return super().__new__(mcs, name, bases, body)
        fields = tuple(body.get("__annotations__", ()))
        defaults = {each: body.pop(each) for each in fields if each in body}
        methods = {
            "_make": classmethod(_make),
            "_replace": _replace,
            "_asdict": _asdict,
            "__repr__": _repr,
            "__getnewargs__": _getnewargs,
            "__slots__": (),
            "__match_args__": fields,
        }
        getters = {each: _getter(number, "") for number, each in enumerate(fields)}
        made = type(name, (tuple,), methods | getters | body)
        said: Any = made
        said._fields = fields
        said._field_defaults = defaults
        _create_later(said)
        return made


class _Base(metaclass=_Making):
    _is_base = True


def _create_later(cls: Any) -> None:
    """Give the class a `__new__` that puts the real one in its place and calls it."""

    def __new__(made: Any, /, *given: object, **named: object) -> Any:
        new = _new_of(cls)
        cls.__new__ = new
        return new(made, *given, **named)

    cls.__new__ = __new__


def _new_of(cls: Any) -> Any:
    """The `__new__` of a class, compiled."""
    known: dict[str, Any] = {"_new": tuple.__new__}
    arguments = ["_cls"]
    for name in cls._fields:
        if name in cls._field_defaults:
            known[f"_default_{name}"] = cls._field_defaults[name]
            arguments.append(f"{name}=_default_{name}")
        else:
            arguments.append(name)
    values = "".join(f"{name}, " for name in cls._fields)
    text = f"def __new__({', '.join(arguments)}):\n return _new(_cls, ({values}))"
    new = made_of(text, "__new__", known)
    new.__qualname__ = f"{cls.__qualname__}.__new__"
    return new


def _make(cls: Any, values: Any) -> Any:
    made = tuple.__new__(cls, values)
    if len(made) != len(cls._fields):
        raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(made)}")
    return made


def _replace(self: Any, /, **changes: object) -> Any:
    made = self._make(map(changes.pop, self._fields, self))
    if changes:
        raise ValueError(f"Got unexpected field names: {list(changes)!r}")
    return made


def _asdict(self: Any) -> dict[str, Any]:
    return dict(zip(self._fields, self, strict=True))


def _getnewargs(self: Any) -> tuple[Any, ...]:
    return tuple(self)


def _repr(self: Any) -> str:
    shown = ", ".join(f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
    return f"{self.__class__.__name__}({shown})"
