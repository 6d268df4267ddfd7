"""Harmless probes: what programs look for on the way, and do without. Data (data/harmless.json).

A refusal of one is none that a person can use: it is kept apart from the others. Credentials that
tools read each time are another matter: where they are needed, a person has to know of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache

from nono.broker.datafile import data
from nono.broker.named_tuple import NamedTuple
from nono.broker.requests import Open, Operation, PathChange, PathRequest, Watch
from nono.broker.rules.access import READ_WRITE, Access
from nono.broker.rules.paths import is_within
from nono.broker.rules.pattern_table import Patterns
from nono.broker.rules.patterns import Glob

_SYSTEM = ("/bin/", "/usr/bin/", "/usr/local/bin/")
"""Where the programs are that a probe may be by: elsewhere anybody may call a program so."""
_MAX_KNOWN = 1024
_WILDCARDS = frozenset("*?[")
_READ_WRITE, _WRITE = READ_WRITE.value, Access.WRITE.value
_MADE = frozenset(
    {
        Operation.CREATE,
        Operation.MKDIR,
        Operation.UNLINK,
        Operation.RENAME_TO,
        Operation.RENAME_FROM,
    }
)


class Probe(NamedTuple):
    """A path, where `~` is a home and wildcards are a pattern's; by which programs; and why.

    `by` are the names of programs, none for any; `write` says that it may be written, too,
    `link` that it is harmless to make a hard link to it, and nothing else, and `create` that it is
    to make such a file, and nothing else.
    """

    path: str
    reason: str
    by: tuple[str, ...] = ()
    write: bool = False
    link: bool = False
    create: bool = False


@cache
def probes() -> tuple[Probe, ...]:
    """All of them."""
    return tuple(
        Probe(
            each["path"],
            each["reason"],
            tuple(each.get("by", ())),
            each.get("write", False),
            each.get("link", False),
            each.get("create", False),
        )
        for each in data("harmless")["probes"]
    )


@cache
def each_time() -> Mapping[str, str]:
    """Places of credentials that tools read each time, as a group spells them: for what."""
    found: Mapping[str, Sequence[str]] = data("harmless")["each_time"]
    return {place: needed for needed, places in found.items() for place in places}


def harmless(request: PathRequest, home: str) -> Probe | None:
    """The probe that a refused request is, if it is one; `home` is canonical."""
    if not _is_named(request.path, home):
        return None
    operation = request.operation if isinstance(request, PathChange) else None
    links, creates = operation is Operation.LINK_FROM, operation is Operation.CREATE
    changes = False if links else _changes(request)
    if changes is None:
        return None
    for probe, pattern in _in(home).about(request.path):
        is_meant = probe.link == links and (probe.write or not changes)
        is_meant = creates if probe.create else is_meant
        if is_meant and pattern.matches(request.path):
            return probe if not probe.by or _is_by(request, probe.by) else None
    return None


@lru_cache(_MAX_KNOWN)
def _is_named(path: str, home: str) -> bool:
    """Whether some probe has such a path."""
    return is_probed(path, home)


def is_probed(path: str, home: str) -> bool:
    """Whether some program's refusal there may be one of a probe."""
    return any(pattern.matches(path) for _, pattern in _in(home).about(path))


def _changes(request: PathRequest) -> bool | None:
    """Whether something would be written; None for what no probe does."""
    match request:
        case Watch():
            return False
        case Open(_, _, access) if access and not access._value_ & ~_READ_WRITE:
            return bool(access._value_ & _WRITE)
        case PathChange(_, operation) if operation in _MADE:
            return True
    return None


def _is_by(request: PathRequest, names: tuple[str, ...]) -> bool:
    """A program that another wrote, and gave the name of a shell, is none."""
    directory, slash, name = request.process.exe.rpartition("/")
    if f"{directory}{slash}" not in _SYSTEM:
        return False
    return any(name == each or (each[-1:] == "*" and name.startswith(each[:-1])) for each in names)


@cache
def _in(home: str) -> Patterns[Probe]:
    """The patterns of one home. A home with wildcards in its name has none."""
    is_usable = _WILDCARDS.isdisjoint(home) and is_within(home, "/")
    plain = home if is_usable else "/nonexistent"
    return Patterns(
        (each, Glob(plain.rstrip("/") + each.path[1:] if each.path[0] == "~" else each.path))
        for each in probes()
    )
