"""Enumerations as those of `enum`, which takes a fortieth of a start to load and as long to use.

Members are objects with a name and a value, one for each value, found by either, and equal to
nothing else but what their own type makes them equal to. What nono never says of one is left out:
aliases, `auto`, other names of a value. A test compares them; for a type checker they are the
standard ones.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from collections.abc import Iterator
    from enum import Enum as Enum
    from enum import Flag as Flag
    from enum import StrEnum as StrEnum
    from typing import Any


class _Making(type):
    """The class of such a class: its body's own texts and numbers become the members."""

    _members: dict[str, Any]
    _of_value: dict[Any, Any]

    def __new__(mcs, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> Any:
        values = {} if bases in ((), (str,)) or "_is_base" in body else _members_of(body)
        for each in values:
            del body[each]
        made = super().__new__(mcs, name, bases, body)
        made._members, made._of_value = {}, {}
        for each, value in values.items():
            member = made._make(each, value)
            made._members[each] = made._of_value[value] = member
            setattr(made, each, member)
        return made

    def __call__(cls, value: object) -> Any:
        """The member with a value. Raises ValueError."""
        try:
            found = value if value.__class__ is cls else cls._of_value.get(value)
        except TypeError:  # it has no hash
            found = None
        return cls._combined(value) if found is None else found

    def _combined(cls, value: object) -> Any:
        raise ValueError(f"{value!r} is not a valid {cls.__qualname__}")

    def _make(cls, name: str | None, value: Any) -> Any:
        member: Any = cls.__new__(cls, value) if issubclass(cls, str) else object.__new__(cls)
        member.name = member._name_ = name
        member.value = member._value_ = value
        return member

    def __getitem__(cls, name: str) -> Any:
        return cls._members[name]

    def __iter__(cls) -> Iterator[Any]:
        return iter(cls._members.values())

    def __len__(cls) -> int:
        return len(cls._members)

    def __contains__(cls, value: object) -> bool:
        return isinstance(value, cls)

    def __bool__(cls) -> bool:
        return True


class _OfFlags(_Making):
    """The same, whose members combine."""

    _every: int
    """The bits of all members."""

    def __new__(mcs, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> Any:
        made = super().__new__(mcs, name, bases, body)
        made._every = sum(made._of_value)
        return made

    def _combined(cls, value: Any) -> Any:
        if value.__class__ is not int or value & ~cls._every:
            return super()._combined(value)
        names = [each.name for each in cls if each.value & value]
        made = cls._make("|".join(names) or None, value)
        return cls._of_value.setdefault(value, made)  # another thread's, if that was first


def _members_of(body: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in body.items()
        if isinstance(value, str | int) and not name.startswith("_")
    }


def _reduce(self: Any, _protocol: object) -> Any:
    """For `copy` and `pickle`: there is one object for each value."""
    return self.__class__, (self._value_,)


def _shown(self: Any) -> str:
    shown = self._name_ if self._name_ is not None else repr(self._value_)
    return f"<{self.__class__.__name__}.{shown}: {self._value_!r}>"


if not TYPE_CHECKING:

    class Enum(metaclass=_Making):
        _is_base = True
        __reduce_ex__ = _reduce
        __repr__ = _shown

        def __str__(self) -> str:
            return f"{self.__class__.__name__}.{self._name_}"

    class StrEnum(str, metaclass=_Making):
        """Members are texts."""

        _is_base = True
        __reduce_ex__ = _reduce
        __repr__ = _shown
        __str__ = str.__str__
        __format__ = str.__format__

    class Flag(metaclass=_OfFlags):
        """Members are bits; one that is no member is made of them."""

        _is_base = True
        __reduce_ex__ = _reduce

        def __repr__(self) -> str:
            shown = self.__class__.__name__
            shown += "" if self._name_ is None else f".{self._name_}"
            return f"<{shown}: {self._value_!r}>"

        def __str__(self) -> str:
            shown = f".{self._name_}" if self._name_ is not None else f"({self._value_})"
            return self.__class__.__name__ + shown

        def __contains__(self, other) -> bool:
            if other.__class__ is not self.__class__:
                raise TypeError(f"{other!r} is no {self.__class__.__qualname__}")
            wanted = other._value_
            return self._value_ & wanted == wanted

        def __iter__(self) -> Iterator[Any]:
            return (each for each in self.__class__ if each._value_ & self._value_)

        def __len__(self) -> int:
            return self._value_.bit_count()

        def __bool__(self) -> bool:
            return self._value_ != 0

        def __and__(self, other):
            cls = self.__class__
            if other.__class__ is not cls:
                return NotImplemented
            # A start asks for thousands, of few values.
            found = cls._of_value.get(self._value_ & other._value_)
            return cls(self._value_ & other._value_) if found is None else found

        def __or__(self, other):
            cls = self.__class__
            if other.__class__ is not cls:
                return NotImplemented
            found = cls._of_value.get(self._value_ | other._value_)
            return cls(self._value_ | other._value_) if found is None else found

        def __xor__(self, other):
            cls = self.__class__
            return cls(self._value_ ^ other._value_) if other.__class__ is cls else NotImplemented

        def __invert__(self):
            return self.__class__(self.__class__._every & ~self._value_)
