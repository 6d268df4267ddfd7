"""Groups: named sets of paths that profiles include. The sets are data (data/groups.json)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from types import MappingProxyType

from nono.broker.dataclass import dataclass, field
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
    Subtrees,
)

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Any

Expand = Callable[[str], Sequence[str]]
"""From an entry such as '~/.ssh' or '$TMPDIR' to canonical absolute paths; none
when it does not apply here."""


@dataclass(frozen=True, slots=True)
class Group:
    """A named set of paths.

    `platform` is 'linux', 'macos' or None for both. The tuples hold entries as
    written, variables and all: an entry stands for the path and everything
    below; one with wildcards for what it matches; `read_file` for the path
    alone. `read` lets programs be run as well.
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
    reasons: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    """Why each entry of `deny` and `deny_write` is there, and where it is said of others."""

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

_LISTS = tuple(key for key, _ in (*_GRANTS, *_REFUSALS))


@cache
def groups() -> Mapping[str, Group]:
    """All groups by name."""
    return MappingProxyType({name: group(name) for name in data("groups")["groups"]})


def _group(name: str, entry: dict[str, Any]) -> Group:
    lists = {key: tuple(entry[key]) for key in _LISTS if key in entry}
    reasons: dict[str, str] = {}
    for key in _LISTS:
        given = entry.get(key)
        if isinstance(given, dict):
            reasons = reasons | given if reasons else given
    shown = MappingProxyType(reasons)
    return Group(name, entry["description"], entry.get("platform"), **lists, reasons=shown)


@cache
def group(name: str) -> Group:
    """One group. Raises UnknownName, which names the nearest one."""
    known = data("groups")["groups"]
    if name not in known:
        raise UnknownName("group", name, known, "nono profile groups")
    return _group(name, known[name])


def default_groups(platform: str = "linux") -> tuple[str, ...]:
    """The names of the groups that every profile starts from on the platform."""
    found, known = data("groups"), (None, platform)
    return tuple(name for name in found["base"] if found["groups"][name].get("platform") in known)


def floor_exclude() -> frozenset[str]:
    """Paths that groups grant and that the broker must still see every use of."""
    return frozenset(data("groups")["floor_exclude"])


def entries_of(group: Group) -> list[str]:
    """All that it has, as written."""
    return [entry for key in _LISTS for entry in getattr(group, key)]


def rules_of(
    group: Group,
    expand: Expand,
    refused: Callable[[Iterable[str]], dict[str, str]] | None = None,
) -> list[Rule]:
    """The rules of a group. Raises what `expand` raises.

    What it refuses is one rule, which protects: bypasses lift it. `refused` expands all that is
    refused together, to paths with their entries.
    """
    origin = Origin(OriginKind.GROUP, group.name)
    rules = [
        Rule(pattern, access, Effect.ALLOW, origin)
        for key, access in _GRANTS
        for entry in getattr(group, key)
        for pattern in _patterns(entry, expand, alone=key == "read_file")
    ]
    for key, access in _REFUSALS:
        entries = getattr(group, key)
        if not entries:
            continue
        if refused is None:
            spellings = {path: entry for entry in entries for path in expand(entry)}
        else:
            spellings = refused(entries)
        spellings |= {path: path for entry in moved(entries, expand) for path in expand(entry)}
        if spellings:
            rules.append(Rule(Subtrees(spellings), access, Effect.DENY, origin, protected=True))
    return rules


_BASES = {
    "~/.cache/": "$XDG_CACHE_HOME/",
    "~/.config/": "$XDG_CONFIG_HOME/",
    "~/.local/share/": "$XDG_DATA_HOME/",
    "~/.local/state/": "$XDG_STATE_HOME/",
}
"""Where programs keep things unless a variable says otherwise: XDG Base Directories."""


def moved(entries: Iterable[str], expand: Expand) -> Iterator[str]:
    """What entries below base directories are where those are elsewhere.

    Only for refusals: what a variable says must not widen what is granted.
    """
    bases = {usual: base for usual, base in _BASES.items() if expand(base.rstrip("/"))}
    for entry in entries if bases else ():
        for usual, base in bases.items():
            if entry.startswith(usual):
                yield base + entry.removeprefix(usual)


def _patterns(entry: str, expand: Expand, alone: bool) -> list[PathPattern]:
    if "*" in entry:
        return [Glob(entry)]
    kind = File if alone else Subtree
    return [kind(path, spelled=entry) for path in expand(entry)]
