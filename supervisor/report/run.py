"""The report after a run: each thing that was refused, why, and what would have allowed it."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nono.broker import visible
from nono.broker.dataclass import replace
from nono.broker.named_tuple import NamedTuple
from nono.broker.rules.paths import SHARED
from nono.broker.settings import flag
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.report.done_without import is_done_without
from nono.supervisor.report.entry import Entry
from nono.supervisor.report.lines import entries, grouped, harmless

if TYPE_CHECKING:
    from nono.supervisor.audit.writer import Audit
    from nono.supervisor.credentials.usage import Usage

_MAX_LINES = 10
_MAX_UNRESOLVED = 9
_MAX_CHANGED = 8
_MAX_REMOVED = 3
_MAX_LISTED = 1000


class How(NamedTuple):
    """How much is told: with `verbose` all that was refused, without bound; `ended_well` of a run
    that succeeded, which has done without what programs try and may fail for."""

    verbose: bool = False
    ended_well: bool = False


_USUAL = How()


def text(
    decisions: Decisions, usage: Usage | None = None, workdir: str = "", how: How = _USUAL
) -> list[str]:
    """At most 30 lines for people; none when nothing was refused that anybody can do something
    about, every host was found, and no service was used.

    `workdir` is where the program ran.
    """
    refused = _refused(decisions, workdir, how)
    told = [*_unread(decisions), *_turned_away(decisions), *_unresolved(decisions)]
    return [*refused, *told, *_services(usage)]


def _refused(decisions: Decisions, workdir: str, how: How) -> list[str]:
    found, verbose = entries(decisions, workdir), how.verbose
    told = _harmless(decisions) if verbose else []
    if how.ended_well and not verbose:
        found = [entry for entry in found if not is_done_without(entry, workdir)]
    if not found:
        return told
    lines = grouped(decisions, found, workdir)
    overflow = decisions.denials.overflow
    total = sum(line.count for line in lines) + overflow
    room = len(lines) if verbose or len(lines) < _MAX_LINES else _MAX_LINES - 2
    shown = [f"nono: {_plural(total, 'call')} refused:", *map(str, lines[:room])]
    hidden = sum(line.things for line in lines[room:]) + overflow
    if hidden:
        shown.append(f"  and {_plural(hidden, 'more object')} (-v lists them)")
    return [*shown, *told]


def _harmless(decisions: Decisions) -> list[str]:
    """What programs look for and do without."""
    found = harmless(decisions)
    return [f"  {entry.explanation.summary}: harmless, and not needed" for entry in found]


def _unread(decisions: Decisions) -> list[str]:
    """What a program was refused that is not among the denials."""
    named = ", ".join(map(visible, decisions.denials.unread))
    if not named:
        return []
    return [
        f"nono: {named} may be run and not read: the kernel alone decided which files it uses, and"
        " what it refused is not listed"
    ]


def _turned_away(decisions: Decisions) -> list[str]:
    """What failed only since nono lets no more calls wait at the same time."""
    number, most = decisions.denials.turned_away, decisions.denials.most_waiting
    if not number:
        return []
    return [
        f"nono: {_plural(number, 'call')} failed (ENOMEM) that had to wait, such as for the other"
        f" end of a FIFO: {most} waited already, as many as an eighth of the descriptors that nono"
        " may have (ulimit -Hn)"
    ]


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
    return f" ({grant} keeps it, where it is there)  hint: {shlex.join(('mkdir', '-p', path))}"


def audit(log: Audit | None) -> list[str]:
    """One line when what was decided was not, or only in part, written down."""
    if log is None or not log.stopped:
        return []
    what = f"the audit {log.name} ended early" if log.name else "there is no audit"
    effect = "; every later call was refused" if log.options.required else ""
    return [f"nono: {what}: {visible(log.stopped, limit=1000)}{effect}"]


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def as_dict(
    decisions: Decisions,
    faults: Iterable[str] = (),
    usage: Usage | None = None,
    log: Audit | None = None,
    changes: Sequence[str] = (),
    gone: Sequence[str] = (),
    workdir: str = "",
    asked: Sequence[Mapping[str, object]] = (),
    stats: Mapping[str, object] | None = None,
    limits: Sequence[Mapping[str, object]] = (),
) -> dict[str, Any]:
    """For programs: every denial with its request, reason, fix and count, and all else."""
    return {
        "denials": [record(entry) for entry in entries(decisions, workdir)],
        "harmless": [record(entry) for entry in harmless(decisions)],
        "denials_not_listed": decisions.denials.overflow,
        "unread": [visible(program) for program in decisions.denials.unread],
        "turned_away": decisions.denials.turned_away,
        "unresolved": {visible(host): why for host, why in decisions.unresolved.items()},
        "services": _service_records(usage),
        "internal_errors": list(faults),
        "audit": _audit_record(log),
        "changed": [visible(path, limit=8192) for path in changes],
        "asked": list(asked),
        "removed": [visible(path, limit=8192) for path in gone[:_MAX_LISTED]],
        "limits": list(limits),
        **({} if stats is None else {"stats": stats}),
    }


def as_json(*args: Any, **named: Any) -> str:
    """The same as one line of JSON."""
    return json.dumps(as_dict(*args, **named))


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
    return replace(entry.denial, explanation=entry.explanation).to_dict()
