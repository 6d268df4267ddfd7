"""The report after a run: each thing that was refused, why, and what would have allowed it."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from nono.broker import Explanation, Open, explain, visible
from nono.supervisor.denials import Denial
from nono.supervisor.enforcement import Enforcement

_MAX_LINES = 20


@dataclass(frozen=True, slots=True)
class Entry:
    """A denial in words."""

    denial: Denial
    explanation: Explanation


@dataclass(slots=True)
class _Line:
    """Denials that one line tells: the same reason and the same fix."""

    entries: list[Entry]

    @property
    def count(self) -> int:
        return sum(entry.denial.count for entry in self.entries)


def entries(enforcement: Enforcement) -> list[Entry]:
    """Every denial of a run, explained."""
    return [_explained(enforcement, denial) for denial in enforcement.denials.all()]


def _explained(enforcement: Enforcement, denial: Denial) -> Entry:
    path = getattr(denial.request, "path", None)
    return Entry(
        denial,
        explain(
            enforcement.policy,
            denial.request,
            denial.verdict,
            directory=isinstance(denial.request, Open) and path is not None and os.path.isdir(path),
            floor=enforcement.floor,
        ),
    )


def text(enforcement: Enforcement) -> list[str]:
    """At most 20 lines for people; none when nothing was refused."""
    found = entries(enforcement)
    if not found:
        return []
    lines = _grouped(found)
    total = sum(line.count for line in lines)
    overflow = enforcement.denials.overflow
    shown = [f"nono: {_plural(total, 'call')} refused:"]
    room = _MAX_LINES - 2
    shown.extend(_line(line) for line in lines[:room])
    hidden = len(lines) - room
    if hidden > 0 or overflow:
        shown.append(
            f"  and {_plural(max(hidden, 0) + overflow, 'more object')} (all of them: --json)"
        )
    return shown


def bug(faults: Sequence[str]) -> list[str]:
    """For people: the first traceback, and how many there are; none when nothing failed."""
    if not faults:
        return []
    return [
        f"nono: {_plural(len(faults), 'call')} refused because of a bug in nono; please report it:",
        *(f"  {visible(line, limit=1000)}" for line in faults[0].splitlines()),
    ]


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _grouped(found: Iterable[Entry]) -> list[_Line]:
    lines: dict[tuple[str, tuple[str, ...]], _Line] = {}
    for entry in found:
        explanation = entry.explanation
        key = (explanation.reason, explanation.fix or (explanation.summary,))
        lines.setdefault(key, _Line([])).entries.append(entry)
    return list(lines.values())


def _line(line: _Line) -> str:
    first = line.entries[0].explanation
    others = f" and {len(line.entries) - 1} more" if len(line.entries) > 1 else ""
    times = f" ({line.count} times)" if line.count > len(line.entries) else ""
    fix = f"  hint: {shlex.join(first.fix)}" if first.fix else ""
    return f"  {first.summary}{others}{times}: {first.reason}{fix}"


def as_json(enforcement: Enforcement, faults: Iterable[str] = ()) -> str:
    """One line of JSON: every denial with its request, reason, fix and count."""
    return json.dumps(
        {
            "denials": [_record(entry) for entry in entries(enforcement)],
            "denials_not_listed": enforcement.denials.overflow,
            "internal_errors": list(faults),
        }
    )


def _record(entry: Entry) -> Mapping[str, object]:
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
