"""The report after a run: each thing that was refused, why, and what would have allowed it."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nono.broker import Connect, Open, is_within, visible
from nono.broker.rules.paths import SHARED
from nono.broker.settings import flag
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.decisions.denials import Denial
from nono.supervisor.places import home_directory

if TYPE_CHECKING:
    from nono.broker import Explanation
    from nono.supervisor.audit.writer import Audit
    from nono.supervisor.credentials.usage import Usage

_MAX_LINES = 20
_MAX_UNRESOLVED = 9
_MANY = 4
_MAX_CHANGED = 8
_MAX_REMOVED = 3
_MAX_LISTED = 1000


@dataclass(frozen=True, slots=True)
class Entry:
    """A denial in words."""

    denial: Denial
    explanation: Explanation


@dataclass(slots=True)
class Line:
    """Denials that one line tells: the same reason, and the same fix or many in one directory."""

    what: str
    reason: str
    fix: tuple[str, ...]
    entries: list[Entry]

    @property
    def count(self) -> int:
        return sum(entry.denial.count for entry in self.entries)

    def __str__(self) -> str:
        times = f" ({self.count} times)" if self.count > len(self.entries) else ""
        fix = f"  hint: {shlex.join(self.fix)}" if self.fix else ""
        return f"  {self.what}{times}: {self.reason}{fix}"


def entries(decisions: Decisions) -> list[Entry]:
    """Every denial of a run, explained."""
    return [_explained(decisions, denial) for denial in decisions.denials.all()]


def _explained(decisions: Decisions, denial: Denial) -> Entry:
    from nono.broker import explain  # most runs have nothing to explain

    path = getattr(denial.request, "path", None)
    return Entry(
        denial,
        explain(
            decisions.policy,
            denial.request,
            denial.verdict,
            directory=isinstance(denial.request, Open) and path is not None and os.path.isdir(path),
            floor=decisions.floor,
        ),
    )


def text(decisions: Decisions, usage: Usage | None = None) -> list[str]:
    """At most 50 lines for people; none when nothing was refused, every host was found, and no
    service was used."""
    return [*_refused(decisions), *_unresolved(decisions), *_services(usage)]


def _refused(decisions: Decisions) -> list[str]:
    found = entries(decisions)
    if not found:
        return []
    lines = grouped(found)
    overflow = decisions.denials.overflow
    total = sum(line.count for line in lines) + overflow
    room = _MAX_LINES - 2
    shown = [f"nono: {_plural(total, 'call')} refused:", *map(str, lines[:room])]
    hidden = sum(len(line.entries) for line in lines[room:]) + overflow
    if hidden:
        shown.append(f"  and {_plural(hidden, 'more object')} (--json lists them)")
    return shown


def _unresolved(decisions: Decisions) -> list[str]:
    """What a program sees as a connection that is refused, or takes too long."""
    found = list(decisions.unresolved.items())
    lines = [f"nono: {visible(host)}: {why}" for host, why in found[:_MAX_UNRESOLVED]]
    if hidden := len(found) - len(lines):
        lines.append(f"nono: and {_plural(hidden, 'more host')} without an address")
    return lines


def _services(usage: Usage | None) -> Iterator[str]:
    """What was requested through the credential proxy, and what of it was refused or failed."""
    if usage is None:
        return
    for name, counts in usage.services():
        statuses = ", ".join(
            f"{status or 'no answer'}: {count.requests}" for status, count in counts.items()
        )
        total = sum(count.requests for count in counts.values())
        sent = _bytes(sum(count.sent for count in counts.values()))
        received = _bytes(sum(count.received for count in counts.values()))
        yield (
            f"nono: {visible(name) or 'no service'}: {_plural(total, 'request')} ({statuses}),"
            f" {sent} sent, {received} received"
        )
    for (name, reason), count in usage.reasons.items():
        times = f" ({count} times)" if count > 1 else ""
        yield f"  {visible(name) or 'a request'}{times}: {visible(reason)}"


def _bytes(number: int) -> str:
    """A size for people."""
    for unit, size in (("MB", 10**6), ("kB", 10**3)):
        if number >= size:
            return f"{number / size:.1f} {unit}"
    return f"{number} bytes"


def bug(faults: Sequence[str]) -> list[str]:
    """For people: the first traceback, and how many there are; none when nothing failed."""
    if not faults:
        return []
    return [
        f"nono: {_plural(len(faults), 'call')} refused because of a bug in nono; please report it:",
        *(f"  {visible(line, limit=1000)}" for line in faults[0].splitlines()),
    ]


def changed(paths: Sequence[str]) -> list[str]:
    """One line about what the run changed and people run without looking; none without any."""
    if not paths:
        return []
    named = ", ".join(map(visible, paths[:_MAX_CHANGED]))
    more = f" and {len(paths) - _MAX_CHANGED} more" if len(paths) > _MAX_CHANGED else ""
    return [f"nono: changed: {named}{more}; look before you run it"]


def removed(paths: Sequence[str]) -> list[str]:
    """One line about files in shared places that are gone with the run; none without any."""
    if not paths:
        return []
    named = ", ".join(map(visible, paths[:_MAX_REMOVED]))
    more = f" and {len(paths) - _MAX_REMOVED} more" if len(paths) > _MAX_REMOVED else ""
    return [f"nono: removed, since nothing stays in shared places: {named}{more}{_kept(paths)}"]


def _kept(paths: Sequence[str]) -> str:
    """How one of the files would have stayed; a directory is granted only if it is there."""
    directly = [path for path in paths if os.path.dirname(path) in SHARED]
    path = directly[0] if directly else os.path.dirname(paths[0])
    if visible(path) != path:
        return ""
    if directly:
        return f"  hint: {shlex.join((flag('filesystem.write_file'), path))}"
    grant = shlex.join((flag("filesystem.write"), path))
    return f"  hint: {shlex.join(('mkdir', '-p', path))}, then {grant}"


def audit(log: Audit | None) -> list[str]:
    """One line when what was decided was not, or only in part, written down."""
    if log is None or not log.stopped:
        return []
    what = f"the audit {log.name} ended early" if log.name else "there is no audit"
    effect = "; every later call was refused" if log.options.required else ""
    return [f"nono: {what}: {visible(log.stopped, limit=1000)}{effect}"]


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def grouped(found: Iterable[Entry]) -> list[Line]:
    """What one line tells, in the order of the first denial of each."""
    by_directory: dict[tuple[str, ...], list[Entry]] = {}
    position: dict[object, int] = {}
    for entry in found:
        position[id(entry)] = len(position)
        by_directory.setdefault(_directory_key(entry), []).append(entry)
    lines: list[Line] = []
    for key, together in by_directory.items():
        if len(key) > 1 and len(together) >= _MANY:
            lines.append(_directory_line(key, together))
        else:
            lines.extend(_lines_by_fix(together))
    return sorted(lines, key=lambda line: position[id(line.entries[0])])


def _directory_key(entry: Entry) -> tuple[str, ...]:
    """Equal for single files of one directory that one flag on the directory would allow."""
    explanation, path = entry.explanation, getattr(entry.denial.request, "path", "")
    match explanation.fix:
        case (str(flag), str(allowed)) if flag.endswith("-file") and allowed == path:
            verb = explanation.summary.removesuffix(visible(path)).rstrip()
            return verb, explanation.reason, flag.removesuffix("-file"), os.path.dirname(path)
    return (_reason(entry),)


def _reason(entry: Entry) -> str:
    """Equal for what one line tells: a name may lead to many addresses, each with its own words."""
    match entry.denial.request:
        case Connect(_, _, port, str(host)):
            return f"{host} {port} {entry.denial.verdict.rule.origin}"
    return entry.explanation.reason


def _directory_line(key: tuple[str, ...], together: list[Entry]) -> Line:
    _, reason, flag, directory = key
    # To open a directory this far up for the sake of some files is nothing to suggest.
    is_narrow = directory.count("/") > 1 and not is_within(home_directory(os.environ), directory)
    first = together[0].explanation.summary
    what = f"{first} and {len(together) - 1} more in {visible(directory)}"
    return Line(what, reason, (flag, directory) if is_narrow else (), together)


def _lines_by_fix(together: Iterable[Entry]) -> list[Line]:
    lines: dict[tuple[str, tuple[str, ...]], list[Entry]] = {}
    for entry in together:
        explanation, reason = entry.explanation, _reason(entry)
        is_found = reason != explanation.reason
        key = (reason, () if is_found else explanation.fix or (explanation.summary,))
        lines.setdefault(key, []).append(entry)
    return [_fix_line(entries) for entries in lines.values()]


def _fix_line(together: list[Entry]) -> Line:
    first = together[0].explanation
    others = f" and {len(together) - 1} more" if len(together) > 1 else ""
    return Line(first.summary + others, first.reason, first.fix, together)


def as_json(
    decisions: Decisions,
    faults: Iterable[str] = (),
    usage: Usage | None = None,
    log: Audit | None = None,
    changes: Sequence[str] = (),
    gone: Sequence[str] = (),
) -> str:
    """One line of JSON: every denial with its request, reason, fix and count."""
    return json.dumps(
        {
            "denials": [record(entry) for entry in entries(decisions)],
            "denials_not_listed": decisions.denials.overflow,
            "unresolved": {visible(host): why for host, why in decisions.unresolved.items()},
            "services": _service_records(usage),
            "internal_errors": list(faults),
            "audit": _audit_record(log),
            "changed": [visible(path, limit=8192) for path in changes],
            "removed": [visible(path, limit=8192) for path in gone[:_MAX_LISTED]],
        }
    )


def _service_records(usage: Usage | None) -> list[Mapping[str, object]]:
    if usage is None:
        return []
    return [
        {
            "service": visible(name),
            "status": status,
            "requests": count.requests,
            "sent": count.sent,
            "received": count.received,
            "reasons": [visible(why) for (each, why) in usage.reasons if each == name],
        }
        for name, counts in usage.services()
        for status, count in counts.items()
    ]


def _audit_record(log: Audit | None) -> Mapping[str, object] | None:
    if log is None:
        return None
    return {"session": log.name, "stopped": visible(log.stopped, limit=8192)}


def record(entry: Entry) -> Mapping[str, object]:
    request, verdict = entry.denial.request, entry.denial.verdict
    fields = {
        name: str(getattr(request, name))
        for name in request.__slots__
        if name not in ("process", "own") and getattr(request, name) is not None
    }
    return {
        "request": type(request).__name__,
        **{name: visible(value, limit=8192) for name, value in fields.items()},
        "summary": entry.explanation.summary,
        "reason": entry.explanation.reason,
        "rule": str(verdict.rule.origin),
        "fix": list(entry.explanation.fix),
        "layer": entry.explanation.layer,
        "count": entry.denial.count,
    }
