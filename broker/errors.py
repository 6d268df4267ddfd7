"""The base of every error, and the errors of this package.

`nono.supervisor.errors` draws the whole tree.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


class NonoError(Exception):
    """Every error of ours that a person or a caller meets is one.

    ``message`` is one line: what is wrong, where and why. ``hint`` is a command that
    can be pasted into a shell, or an advice, or empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class PolicyError(NonoError, ValueError):
    """The policy itself is at fault. ``str()`` is the message, and the hint on the next line."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message, hint)

    def __str__(self) -> str:
        return f"{self.message}\nhint: {self.hint}"


class UnknownGroup(PolicyError):
    """A profile names a group that does not exist."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"the groups are: {', '.join(names)}"
        super().__init__(f"there is no group {name!r}", hint)
        self.name = name
        self.nearest = near[0] if near else None


class UnknownNetworkProfile(PolicyError):
    """A network profile that does not exist."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"the profiles are: {', '.join(names)}"
        super().__init__(f"there is no network profile {name!r}", hint)
        self.name = name
        self.nearest = near[0] if near else None


class InvalidHost(PolicyError):
    """What was given for a host, an address or a port is none."""


class FloorTooLarge(PolicyError):
    """Computing the floor would visit more directory entries than the limit."""

    def __init__(self, path: str, limit: int) -> None:
        super().__init__(
            f"{path}: more than {limit} directory entries would have to be looked at to keep "
            "what is denied inside an allowed directory out of the kernel's rules",
            "allow smaller directories, or deny by a path instead of by a pattern with wildcards",
        )
        self.path = path
        self.limit = limit


class InvalidRecord(NonoError, ValueError):
    """What was read is not what nono writes down about a run."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a profile.

    ``line`` and ``column`` count from 1, in characters; 0 when the file as a
    whole is meant.
    """

    file: str
    line: int
    column: int
    message: str
    hint: str = ""

    def __str__(self) -> str:
        place = f":{self.line}:{self.column}" if self.line else ""
        return f"{self.file}{place}: {self.message}"


class ProfileError(PolicyError):
    """A profile cannot be used. ``problems`` is everything that is wrong with it, at least one."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        first = self.problems[0]
        more = f" (and {len(self.problems) - 1} more)" if len(self.problems) > 1 else ""
        super().__init__(f"{first}{more}", first.hint)
