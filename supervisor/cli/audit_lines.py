"""The records of a session as lines for people: one for each thing that a program did.

A rename is decided as two requests, of the old name and of the new one, and so it is recorded.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator
from typing import TypeGuard

from nono.broker import Effect, PathChange, visible
from nono.broker.audit.answer_records import Answered, Changed
from nono.broker.audit.records import (
    Decision,
    End,
    Exchange,
    Exit,
    Limited,
    Program,
    Record,
    Start,
    Summed,
    Unresolved,
)
from nono.broker.explaining.explain import summary
from nono.broker.requests import Operation
from nono.broker.visible import quoted
from nono.supervisor.report.asked import answer_words

Line = tuple[int, int, str]
"""A record's number, its time in nanoseconds, and what it says."""


def lines(records: Iterable[tuple[int, Record]], only_refused: bool = False) -> Iterator[Line]:
    """Those of all records, or of all but what was allowed."""
    for number, record, new_name in _renames_together(records):
        is_allowed = isinstance(record, Decision) and record.effect is Effect.ALLOW
        if not (only_refused and is_allowed):
            yield number, record.time, words_of(record, new_name)


def _renames_together(
    records: Iterable[tuple[int, Record]],
) -> Iterator[tuple[int, Record, Decision | None]]:
    """Each record, the two of a rename as one."""
    number, begun = 0, None
    for following, record in records:
        if begun is not None:
            new_name = _new_name(begun, record) if following == number + 1 else None
            yield number, begun, new_name
            begun = None
            if new_name is not None:
                continue
        if _is(record, Operation.RENAME_FROM):
            number, begun = following, record
        else:
            yield following, record, None
    if begun is not None:
        yield number, begun, None


def _is(record: Record, operation: Operation) -> TypeGuard[Decision]:
    request = record.request if isinstance(record, Decision) else None
    return isinstance(request, PathChange) and request.operation is operation


def _new_name(first: Decision, record: Record) -> Decision | None:
    """The record that is about the new name, of the rename whose old name the first is about."""
    if not _is(record, Operation.RENAME_TO):
        return None
    asked = record.request.process.pid, record.effect, record.origin, record.native
    before = first.request.process.pid, first.effect, first.origin, first.native
    return record if asked == before else None


def words_of(record: Record, to: Decision | None = None) -> str:
    """A record for people; `to` is that of the new name, where this is a rename's first."""
    match record:
        case Start(_, nono, _, policy):
            return f"session: nono {visible(nono)}, {len(policy.rules)} rules"
        case Program(_, argv, cwd):
            return f"run in {visible(cwd)}: {visible(shlex.join(argv), limit=1000)}"
        case Exit(_, status):
            return f"ended: {_status(status)}"
        case Limited(_, _, words):
            return f"limit: {visible(words, limit=1000)}"
        case Decision(_, request, effect, _, origin, decided, native, _):
            who = f"{request.process.pid} {visible(os.path.basename(request.process.exe))}"
            by = "the kernel floor" if native else visible(str(origin))
            verb = "allowed" if effect is Effect.ALLOW else "refused"
            others = dict.fromkeys(each for each in (decided, to and to.decided) if each)
            about = f" ({'; '.join(map(summary, others))})" if others else ""
            new = "" if to is None else f" to {quoted(str(getattr(to.request, 'path', '')))}"
            return f"{who}: {verb}: {summary(request)}{new}{about} [{by}]"
        case Unresolved(_, host, why):
            return f"no address: {visible(host)}: {visible(why)}"
        case Exchange(_, service, method, path, status, sent, received, reason):
            what = f"{visible(method)} {visible(path)} of {visible(service) or 'no service'}"
            why = f" ({visible(reason)})" if reason else ""
            return f"request: {what}: {status}{why}, {sent} bytes sent, {received} received"
        case Answered():
            return answer_words(record)
        case Changed(_, deed, person, what, origin):
            who = f" by {visible(person)}" if person else ""
            named = f": {visible(', '.join(what), limit=1000)}" if what else ""
            return f"{deed}{who}{named} [{origin}]"
        case Summed(_, kind, count):
            return f"too many to be written one by one: {count} times {visible(kind)}"
        case End(_, count):
            return f"end: {count} records before"


def _status(status: int | None) -> str:
    if status is None:
        return "ended by nono, or never run"
    if os.WIFSIGNALED(status):
        return f"by signal {os.WTERMSIG(status)}"
    return f"exit status {os.WEXITSTATUS(status)}"
