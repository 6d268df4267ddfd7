"""What a replay found, for people and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator

from nono.broker import Allow, explain, visible
from nono.supervisor.audit.replay import Opened, Replay
from nono.supervisor.report import run as report
from nono.supervisor.report.lines import entries, grouped

_MAX_LINES = 40


def text(result: Replay) -> Iterator[str]:
    """For people: what breaks, with what would mend it, and what opens."""
    if result.is_same:
        yield f"no change: {result.decisions} recorded decisions would be the same"
        return
    broken = [str(line) for line in grouped(result.other, entries(result.other))]
    yield from _part("breaks: was allowed and would be refused", broken, result.breaks.overflow)
    if result.nameless:
        yield (
            f"  {result.nameless} of these are connections to addresses: that run did not filter"
            " the network, so the names of the hosts are not known"
        )
    opened = [f"  {_opened(result, each)}" for each in result.opened.values()]
    yield from _part("opens: was refused and would be allowed", opened, result.opened_overflow)


def _part(title: str, lines: list[str], overflow: int) -> Iterator[str]:
    if not lines:
        return
    yield title
    yield from lines[:_MAX_LINES]
    hidden = max(0, len(lines) - _MAX_LINES) + overflow
    if hidden:
        yield f"  and {hidden} more (--json lists them)"


def _opened(result: Replay, each: Opened) -> str:
    words = explain(result.other.policy, each.request, Allow(each.rule))
    times = f" ({each.count} times)" if each.count > 1 else ""
    return f"{words.summary}{times}: {words.reason}"


def as_json(result: Replay) -> str:
    """One line of JSON."""
    policy = result.other.policy
    opened = [
        {
            "request": type(each.request).__name__,
            "summary": words.summary,
            "reason": words.reason,
            "rule": visible(str(each.rule.origin), limit=1000),
            "count": each.count,
        }
        for each in result.opened.values()
        for words in [explain(policy, each.request, Allow(each.rule))]
    ]
    return json.dumps(
        {
            "decisions": result.decisions,
            "breaks": [report.record(entry) for entry in entries(result.other)],
            "opens": opened,
            "not_listed": result.breaks.overflow + result.opened_overflow,
            "connections_without_a_name": result.nameless,
        }
    )
