"""From what was refused to the lines that tell it: the same reason, and one remedy for all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from nono.broker import (
    Access,
    Connect,
    Execute,
    Forbidden,
    NetworkRequest,
    OriginKind,
    PathChange,
    UnixConnect,
    visible,
)
from nono.broker.rules.paths import lineage, reserved_tree
from nono.broker.settings import BY_OPTION, Kind, flag
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.decisions.denials import Denial
from nono.supervisor.report.entry import Entry, Line, things_of
from nono.supervisor.report.folded import folded, is_above
from nono.supervisor.report.surroundings import around, cache_of

_MANY = 4
_MANY_IN_PROJECT = 2
_MAX_TOGETHER = 8
_CACHES = (flag("filesystem.caches"),)
_WHOLE = "this opens all of that directory"


def entries(decisions: Decisions, workdir: str = "") -> list[Entry]:
    """Every denial of a run, explained, but for those that nobody can do anything about."""
    return [explained(decisions, each, workdir) for each in decisions.denials.all()]


def harmless(decisions: Decisions) -> list[Entry]:
    """The others."""
    return [explained(decisions, each, "") for each in decisions.denials.harmless()]


def explained(decisions: Decisions, denial: Denial, workdir: str) -> Entry:
    """One of them in words: a hint is for a next run, which nobody has answered in yet."""
    from nono.broker import explain

    explanation = explain(
        decisions.at_start,
        denial.request,
        denial.verdict,
        around=around(denial.request, workdir),
        floor=decisions.floor,
    )
    return Entry(denial, explanation)


def grouped(decisions: Decisions, found: Iterable[Entry], workdir: str = "") -> list[Line]:
    """What one line tells: first what programs fail for, and of that what was refused first."""
    found = list(found)
    position = {id(entry): number for number, entry in enumerate(found)}
    of_caches, others = _of_caches(found)
    together, others = _together(decisions, others, workdir)
    lines = [*of_caches, *together, *_one_by_one(folded(_lines_by_fix(others), workdir))]
    return sorted(lines, key=lambda line: (_rank(line, workdir), position[id(line.entries[0])]))


def _rank(line: Line, workdir: str) -> int:
    """What a program most likely fails for comes first, what it most likely does without last."""
    first = line.entries[0]
    request = first.denial.request
    if isinstance(request, Forbidden | Execute):
        return 0
    rule = first.denial.verdict.rule
    if rule.protected:
        return 1  # a secret
    if rule.origin.kind is not OriginKind.DEFAULT:
        return 2  # what the person refused, or a profile keeps for itself
    if isinstance(request, NetworkRequest | UnixConnect):
        return 3
    if isinstance(request, PathChange) or Access.WRITE in getattr(request, "access", Access(0)):
        return 4
    return 6 if reserved_tree(first.path) or is_above(workdir, first) else 5


def _of_caches(found: list[Entry]) -> tuple[list[Line], list[Entry]]:
    """One line for all that tools keep or log where they may not; and the entries that are left.

    What is only read there goes with what is written: the tool would not look there any more.
    """
    asking = [entry for entry in found if entry.explanation.fix == _CACHES]
    places = {cache_of(entry.path) for entry in asking}
    if not asking:
        return [], found
    inside = [entry for entry in found if _is_default(entry) and cache_of(entry.path) in places]
    first = asking[0].explanation
    told = [asking[0], *(entry for entry in inside if entry is not asking[0])]
    taken = {id(entry) for entry in told}
    line = Line(_and_more(told), first.reason, first.fix, told)
    return [line], [entry for entry in found if id(entry) not in taken]


def _together(
    decisions: Decisions, found: list[Entry], workdir: str
) -> tuple[list[Line], list[Entry]]:
    """The lines for many in one directory, the deepest first; and the entries that are left."""
    lines: list[Line] = []
    taken: set[int] = set()
    for directory, least, within in _candidates(found, workdir):
        inside = [entry for entry in within if id(entry) not in taken]
        if len(inside) < least:
            continue
        line = _directory_line(decisions, directory, inside, workdir)
        if line is not None:
            lines.append(line)
            taken |= {id(entry) for entry in inside}
    return lines, [entry for entry in found if id(entry) not in taken]


def _candidates(found: list[Entry], workdir: str) -> Iterator[tuple[str, int, list[Entry]]]:
    """Directories to open for the sake of many, of how many, and what is in them."""
    below: dict[str, list[Entry]] = {}
    for entry in found:
        if _can_join(entry):
            for directory in lineage(entry.path):
                below.setdefault(directory, []).append(entry)
    if not below:
        return
    where = around(found[0].denial.request, workdir)
    if where.is_project(workdir):
        yield workdir, _MANY_IN_PROJECT, below.get(workdir, [])
    for directory in sorted(below, key=lambda each: (-each.count("/"), each)):
        if len(below[directory]) >= _MANY and not where.is_wide(directory):
            yield directory, _MANY, below[directory]


def _directory_line(
    decisions: Decisions, directory: str, inside: list[Entry], workdir: str
) -> Line | None:
    """One flag for all of them; None when the directory is not one to open."""
    from nono.broker.explaining.remedies import of_directory

    missing = Access(0)
    for entry in inside:
        missing |= _rights(entry)
    where = around(inside[0].denial.request, workdir)
    fix = of_directory(decisions.at_start, directory, missing, where)
    if not fix or not os.path.isdir(directory):
        return None
    first = inside[0].explanation
    reason = f"{first.reason}; {_WHOLE}" if fix[-1] == directory else first.reason
    if all(entry.explanation.fix == first.fix for entry in inside):
        fix, reason = first.fix, first.reason
    return Line(_and_more(inside, f" in {visible(directory)}"), reason, fix, inside)


def _and_more(entries: list[Entry], where: str = "") -> str:
    """The first of them in words, and how many objects the others are about."""
    others = things_of(entries) - 1
    first = entries[0].explanation.summary
    return f"{first} and {others} more{where}" if others else first


def _can_join(entry: Entry) -> bool:
    """True for what no rule covers, where a flag on a path would open it."""
    return _is_default(entry) and bool(_rights(entry))


def _is_default(entry: Entry) -> bool:
    return entry.denial.verdict.rule.origin.kind is OriginKind.DEFAULT


def _rights(entry: Entry) -> Access:
    """What the flag of its own would give, of reading and writing; none where it has none."""
    match entry.explanation.fix:
        case (str(given), str()) if key := BY_OPTION.get(given[2:].replace("-", "_")):
            if key.kind in (Kind.FILE, Kind.DIRECTORY, Kind.LISTED):
                return key.access & (Access.READ | Access.WRITE)
        case (str(given),) if given == flag("workdir.access"):
            return Access.READ | Access.WRITE
    return Access(0)


def _lines_by_fix(together: Iterable[Entry]) -> list[Line]:
    lines: dict[tuple[str, tuple[str, ...]], list[Entry]] = {}
    for entry in together:
        explanation, reason = entry.explanation, _reason(entry)
        is_found = reason != explanation.reason
        key = (reason, () if is_found else explanation.fix or (explanation.summary,))
        lines.setdefault(key, []).append(entry)
    return [_fix_line(entries) for entries in lines.values()]


def _reason(entry: Entry) -> str:
    """Equal for what one line tells: a name may lead to many addresses, each with its own words."""
    match entry.denial.request:
        case Connect(_, _, port, str(host)):
            return f"{host} {port} {entry.denial.verdict.rule.origin}"
    return entry.explanation.reason


def _fix_line(together: list[Entry]) -> Line:
    first = together[0].explanation
    return Line(_and_more(together), first.reason, first.fix, together)


def _one_by_one(lines: Iterable[Line]) -> Iterator[Line]:
    """Many names of a directory that is not opened as a whole become one line, with a flag each."""
    alike: dict[tuple[str, ...], list[Line]] = {}
    for line in lines:
        alike.setdefault(_alike(line), []).append(line)
    for same in alike.values():
        if len(same) < _MANY:
            yield from same
            continue
        inside = [entry for line in same for entry in line.entries]
        flags = tuple(part for line in same for part in line.fix)
        first = same[0]
        directory = os.path.dirname(first.entries[0].path)
        what = f"{first.what} and {len(same) - 1} more in {visible(directory)}"
        yield Line(what, first.reason, flags if len(same) <= _MAX_TOGETHER else (), inside)


def _alike(line: Line) -> tuple[str, ...]:
    """Equal for single names of one directory with the same kind of remedy, or with none."""
    path, fix = line.entries[0].path, line.fix
    one = len(line.entries) == 1 and path
    if one and (not fix or (len(fix) == 2 and fix[0].endswith("-file") and fix[1] == path)):
        return (line.reason, fix[0] if fix else "", os.path.dirname(path))
    return (str(id(line)),)
