"""What a program may do with an object of the file system."""

from __future__ import annotations

import enum

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Any, Self

_MADE: dict[int, Any] = {}
"""The combinations that there are, by their value: a start asks for thousands."""


class Access(enum.Flag):
    """Rights on a path. They combine with `|`; `Access(0)` asks for nothing.

    READ
        Read the content of a file, list a directory.
    WRITE
        Change the content or the metadata, create, delete and rename.
    EXECUTE
        Run the file as a program.
    CONNECT
        Connect to the unix socket at this path.
    CREATE
        Create new names directly in this directory. It grants nothing on what
        is there already, and nothing in the directories below.
    """

    READ = 1
    WRITE = 2
    EXECUTE = 4
    CONNECT = 8
    CREATE = 16

    def __contains__(self, other: Self) -> bool:
        if other.__class__ is not self.__class__:
            raise TypeError(f"{other!r} is no access")
        wanted: int = other._value_
        return self._value_ & wanted == wanted

    def __and__(self, other: Self) -> Self:
        if other.__class__ is not self.__class__:
            return NotImplemented
        made: Self = _made(self._value_ & other._value_)
        return made

    def __or__(self, other: Self) -> Self:
        if other.__class__ is not self.__class__:
            return NotImplemented
        made: Self = _made(self._value_ | other._value_)
        return made


def _made(value: int) -> Any:
    found = _MADE.get(value)
    if found is None:
        found = _MADE[value] = Access(value)
    return found


READ_WRITE = Access.READ | Access.WRITE
FLOOR_ACCESS = Access.READ | Access.WRITE | Access.EXECUTE
"""The rights that the kernel floor can carry (Landlock's file rights fall into these three)."""
ALL_ACCESS = FLOOR_ACCESS | Access.CONNECT | Access.CREATE
CHANGING = Access.WRITE | Access.CREATE
"""The rights that change what is there. Who has none of the others sees nothing by them."""
