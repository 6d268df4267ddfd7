"""Enumerations as those of `enum`, which takes a fortieth of a start to load and as long to use.

What this needs of them: names for texts and for bits, which are texts and numbers otherwise. A test
compares them; for a type checker they are the standard ones.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from collections.abc import Iterator
    from enum import IntFlag as IntFlag
    from enum import StrEnum as StrEnum
    from typing import Any


class _Making(type):
    """The class of such a class: its body's own texts and numbers become the members."""

    _members: dict[Any, Any]
    """By value."""
    _combined: dict[int, Any]
    """Of bits, what was asked for besides: a ruleset asks for some again and again."""

    def __new__(mcs, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> Any:
        values = {
            each: value
            for each, value in body.items()
            if isinstance(value, str | int) and not each.startswith("_")
        }
        made = super().__new__(mcs, name, bases, body)
        made._members, made._combined = {}, {}
        for each, value in values.items():
            member = made._members[value] = type.__call__(made, value)
            member.name, member.value = each, value
            setattr(made, each, member)
        return made

    def __call__(cls, value: Any) -> Any:
        """The member with a value; of bits, one that is made where there is none."""
        combined = cls._combined
        found = cls._members.get(value) or combined.get(value)
        if found is not None:
            return found
        if not issubclass(cls, int):
            raise ValueError(f"{value!r} is not a valid {cls.__qualname__}")
        made: Any = type.__call__(cls, value)
        made.value = int(value)
        return combined.setdefault(made.value, made)

    def __iter__(cls) -> Iterator[Any]:
        return iter(cls._members.values())


if not TYPE_CHECKING:

    class StrEnum(str, metaclass=_Making):
        """Members are texts."""

        def __repr__(self) -> str:
            return f"<{self.__class__.__name__}.{self.name}: {self.value!r}>"

        __str__ = str.__str__

    class IntFlag(int, metaclass=_Making):
        """Members are bits, and so is what they combine to, whatever else is set in it."""

        def __repr__(self) -> str:
            names = "|".join(each.name for each in self)
            return f"<{self.__class__.__name__}.{names}: {self.value!r}>"

        def __iter__(self) -> Iterator[Any]:
            return (each for each in self.__class__ if each & self)

        def __contains__(self, other) -> bool:
            return int(self) & other == other

        def __and__(self, other):
            return self.__class__(int(self) & other)

        def __or__(self, other):
            return self.__class__(int(self) | other)

        __rand__, __ror__ = __and__, __or__
