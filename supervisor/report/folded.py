"""Lines that say the same of several names become one that says it of each by its name."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from nono.broker import Access, Metadata, Open, OriginKind, PathChange, Watch, visible
from nono.broker.rules.paths import is_within
from nono.supervisor.report.entry import Entry, Line

_MAX_NAMES = 8


def folded(lines: Iterable[Line], workdir: str) -> Iterator[Line]:
    """What is above the working directory is one line, and so is what one key of a profile denies,
    and so are names of one directory that no flag opens, since they are others each time.

    Programs look for the root of a project in all directories above it. An agent makes its
    directories at each start; its profile keeps those for itself whose content is run later.
    """
    alike: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        alike.setdefault(_alike(line, workdir), []).append(line)
    for same in alike.values():
        yield same[0] if len(same) == 1 else _one(same)


def is_above(workdir: str, entry: Entry) -> bool:
    """True for names of a directory above `workdir` that no rule opens; of none where it is ''."""
    match entry.denial.request:
        case Open(_, path, Access.READ) | Watch(_, path):
            is_default = entry.denial.verdict.rule.origin.kind is OriginKind.DEFAULT
            return is_default and path != workdir != "" and is_within(workdir, path)
    return False


def _alike(line: Line, workdir: str) -> tuple[str, str]:
    """Equal for what is told by one line."""
    entry, origin = line.entries[0], line.entries[0].denial.verdict.rule.origin
    kind = _kind(entry)
    if len(line.entries) == 1 and entry.path.startswith("/") and kind:
        if is_above(workdir, entry):
            return ("above", line.reason)
        is_key = origin.kind is OriginKind.PROFILE
        if is_key and not line.fix and line.reason.startswith("denied by "):
            return (kind, str(origin))
        if not line.fix and _is_passing(entry):
            return (os.path.dirname(entry.path), line.reason)
    return ("other", str(id(line)))


def _is_passing(entry: Entry) -> bool:
    from nono.broker.explaining.remedies import is_passing  # most runs have nothing to explain

    return is_passing(entry.denial.request)


def _kind(entry: Entry) -> str:
    """What holds for several verbs; empty where one of them says more than that."""
    match entry.denial.request:
        case Open(_, _, Access.READ) | Watch():
            return "look at"
        case Open() | PathChange() | Metadata():
            return "change"
    return ""


def _one(same: list[Line]) -> Line:
    entries = [line.entries[0] for line in same]
    fix = tuple(part for line in same for part in line.fix)
    origin = entries[0].denial.verdict.rule.origin
    is_one = len({line.reason for line in same}) == 1
    reason = same[0].reason if is_one else f"denied by {visible(str(origin))}"
    return Line(f"{_verb(entries)} {_names(entries)}", reason, fix, entries)


def _verb(entries: list[Entry]) -> str:
    """The one of all of them, or what holds for each."""
    verbs = {entry.explanation.summary.removesuffix(f" {visible(entry.path)}") for entry in entries}
    return verbs.pop() if len(verbs) == 1 else _kind(entries[0])


def _names(entries: list[Entry]) -> str:
    """Each, as seen from the directory that holds all of them if they are no directories above."""
    paths = list(dict.fromkeys(entry.path for entry in entries))
    directory = os.path.commonpath([os.path.dirname(path) for path in paths])
    is_key = entries[0].denial.verdict.rule.origin.kind is OriginKind.PROFILE
    is_told = (is_key or _is_passing(entries[0])) and len(directory) > 1 and directory not in paths
    shown = [os.path.relpath(path, directory) if is_told else path for path in paths]
    more = f" and {len(shown) - _MAX_NAMES} more" if len(shown) > _MAX_NAMES else ""
    where = f" in {visible(directory)}" if is_told else ""
    return f"{', '.join(map(visible, shown[:_MAX_NAMES]))}{more}{where}"
