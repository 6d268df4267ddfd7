"""Named tuples as those of `typing`, whose making takes a tenth of the time: none is compiled.

A start makes a dozen of them. A test compares them; for a type checker they are the standard ones.
"""

from __future__ import annotations

import collections
from operator import itemgetter

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
        told = {
            "_fields": fields,
            "__match_args__": fields,
            "__slots__": (),
            "_field_defaults": defaults,
        }
        methods = {"__new__": _new, "_make": classmethod(_make), "__repr__": _repr}
        methods |= {"_replace": _replace, "_asdict": _asdict, "__getnewargs__": _getnewargs}
        getters = {each: _getter(number, "") for number, each in enumerate(fields)}
        return type(name, (tuple,), methods | told | getters | body)


class _Base(metaclass=_Making):
    _is_base = True


def _new(cls: Any, /, *values: object, **named: object) -> Any:
    fields = cls._fields
    if len(values) < len(fields):
        given, missing = cls._field_defaults | named, fields[len(values) :]
        values += tuple(given[each] for each in missing if each in given)
        named = {name: value for name, value in named.items() if name not in missing}
    if named or len(values) != len(fields):
        raise TypeError(
            f"{cls.__name__} is made of {', '.join(fields)}: given {values} and {named}"
        )
    return tuple.__new__(cls, values)


def _make(cls: Any, values: Any) -> Any:
    made = tuple.__new__(cls, values)
    if len(made) != len(cls._fields):
        raise TypeError(f"{cls.__name__} is made of {len(cls._fields)}, not of {len(made)}")
    return made


def _replace(self: Any, /, **changes: object) -> Any:
    return type(self)(**{**self._asdict(), **changes})


def _asdict(self: Any) -> dict[str, Any]:
    return dict(zip(self._fields, self, strict=True))


def _getnewargs(self: Any) -> tuple[Any, ...]:
    return tuple(self)


def _repr(self: Any) -> str:
    shown = ", ".join(f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
    return f"{self.__class__.__name__}({shown})"
