"""Groups: named sets of paths that profiles include. The sets are data (data/groups.json)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from nono.broker.datafile import data
from nono.broker.errors import UnknownName
from nono.broker.rules.access import ALL_ACCESS, CHANGING, FLOOR_ACCESS, Access
from nono.broker.rules.rule import (
    Effect,
    File,
    Glob,
    Origin,
    OriginKind,
    PathPattern,
    Rule,
    Subtree,
)

Expand = Callable[[str], Sequence[str]]
"""From an entry such as '~/.ssh' or '$TMPDIR' to canonical absolute paths; none
when it does not apply here."""


@dataclass(frozen=True, slots=True)
class Group:
    """A named set of paths.

    ``platform`` is 'linux', 'macos' or None for both. The tuples hold entries as
    written, variables and all: an entry stands for the path and everything
    below; one with wildcards for what it matches; ``read_file`` for the path
    alone. ``read`` lets programs be run as well.
    """

    name: str
    description: str
    platform: str | None = None
    read: tuple[str, ...] = ()
    read_file: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    readwrite: tuple[str, ...] = ()
    create: tuple[str, ...] = ()
    connect: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    deny_write: tuple[str, ...] = ()

    def is_for(self, platform: str) -> bool:
        """True when the group counts on this platform."""
        return self.platform in (None, platform)


_GRANTS: tuple[tuple[str, Access], ...] = (
    ("read", Access.READ | Access.EXECUTE),
    ("read_file", Access.READ),
    ("write", Access.WRITE),
    ("readwrite", FLOOR_ACCESS),
    ("create", Access.CREATE),
    ("connect", Access.CONNECT),
)


_REFUSALS: tuple[tuple[str, Access], ...] = (("deny", ALL_ACCESS), ("deny_write", CHANGING))

_LISTS = frozenset(key for key, _ in (*_GRANTS, *_REFUSALS))


@cache
def groups() -> Mapping[str, Group]:
    """All groups by name."""
    return MappingProxyType(
        {name: _group(name, entry) for name, entry in data("groups")["groups"].items()}
    )


def _group(name: str, entry: dict[str, Any]) -> Group:
    lists = {key: tuple(entry[key]) for key in _LISTS if key in entry}
    return Group(name, entry["description"], entry.get("platform"), **lists)


def group(name: str) -> Group:
    """One group. Raises UnknownName, which names the nearest one."""
    try:
        return groups()[name]
    except KeyError:
        raise UnknownName("group", name, groups()) from None


def default_groups() -> tuple[str, ...]:
    """The names of the groups that every profile starts from on Linux."""
    return tuple(data("groups")["base"])


def floor_exclude() -> frozenset[str]:
    """Paths that groups grant and that the broker must still see every use of."""
    return frozenset(data("groups")["floor_exclude"])


def rules_of(group: Group, expand: Expand) -> list[Rule]:
    """The rules of a group; its refusals are protected ones. Raises what ``expand`` raises."""
    origin = Origin(OriginKind.GROUP, group.name)
    rules = [
        Rule(pattern, access, Effect.ALLOW, origin)
        for key, access in _GRANTS
        for entry in getattr(group, key)
        for pattern in _patterns(entry, expand, alone=key == "read_file")
    ]
    rules += [
        Rule(pattern, access, Effect.DENY, origin, protected=True)
        for key, access in _REFUSALS
        for entry in getattr(group, key)
        for pattern in _patterns(entry, expand, alone=False)
    ]
    return rules


def _patterns(entry: str, expand: Expand, alone: bool) -> list[PathPattern]:
    if "*" in entry:
        return [Glob(entry)]
    kind = File if alone else Subtree
    return [kind(path, spelled=entry) for path in expand(entry)]
