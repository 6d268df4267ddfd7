"""Plain values, which are what msgpack can hold, and what is made of them after a check.

Text keeps the bytes that were not UTF-8 as os.fsdecode has them, so it has to be packed with
`surrogateescape`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nono.broker.errors import InvalidRecord
from nono.broker.rules.access import ALL_ACCESS, Access

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Any, TypeVar

    _Value = TypeVar("_Value")


MAX_TEXT = 1 << 16
"""Characters; a path has at most 4096 bytes, and a server name in TLS less than 65536."""

Read = Callable[[object], object]
"""Makes one value of a plain one. Raises InvalidRecord."""

Fields = Mapping[type, Mapping[str, Read]]
"""The classes of one kind of thing, each with its fields in order."""

Kinds = Mapping[str, tuple[type, tuple[Read, ...]]]
"""The same by the names of the classes."""


def as_text(value: object) -> str:
    """Raise InvalidRecord unless the value is text of a bearable length."""
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise InvalidRecord("a text is missing or too long")
    return value


def as_number(value: object) -> int:
    """Raise InvalidRecord unless the value is a whole number."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidRecord("a number is missing")
    return value


def as_flag(value: object) -> bool:
    """Raise InvalidRecord unless the value is true or false."""
    if not isinstance(value, bool):
        raise InvalidRecord("a yes or no is missing")
    return value


def as_list(value: object, length: int | None = None) -> list[object]:
    """Raise InvalidRecord unless the value is a list, of this length if one is given."""
    if not isinstance(value, list | tuple) or (length is not None and len(value) != length):
        raise InvalidRecord("a list is missing or has another length")
    return list(value)


def as_access(value: object) -> Access:
    """Raise InvalidRecord unless the value is a set of rights as a number."""
    bits = as_number(value)
    if bits & ~ALL_ACCESS.value or bits < 0:
        raise InvalidRecord("an unknown right")
    return Access(bits)


def as_tuple(value: object, read: Callable[[object], _Value]) -> tuple[_Value, ...]:
    """Every element of a list. Raises InvalidRecord, as `read` does."""
    return tuple(read(each) for each in as_list(value))


def optional(read: Callable[[object], _Value]) -> Callable[[object], _Value | None]:
    """As `read`, for a value that may be missing."""
    return lambda value: None if value is None else read(value)


def by_name(fields: Fields) -> Kinds:
    return {kind.__name__: (kind, tuple(reads.values())) for kind, reads in fields.items()}


def read_fields(plain: object, kinds: Kinds, what: str) -> tuple[Any, list[object]]:
    """A class and the values of its fields, from its name and its plain values.

    `what` says what the classes are of. Raises InvalidRecord.
    """
    name, *values = as_list(plain) or [""]
    kind, reads = kinds.get(as_text(name), (None, ()))
    if kind is None or len(values) != len(reads):
        raise InvalidRecord(f"an unknown kind of {what}, or one with other fields")
    return kind, [read(value) for read, value in zip(reads, values, strict=True)]
