"""What `nono audit show` says of records: one line for one thing that a program did."""

from __future__ import annotations

import pytest

from nono.broker import Access, Effect, Open, Origin, OriginKind, PathChange
from nono.broker.audit.answer_records import Changed
from nono.broker.audit.records import Decision, Record
from nono.broker.requests import Operation, RecordedProcess
from nono.supervisor.cli.audit_lines import lines

MV = RecordedProcess(7, "/bin/mv")
RULE = Origin(OriginKind.FLAG, "--allow")


def decision(operation: Operation, path: str, **fields: object) -> Decision:
    made = Decision(1, PathChange(MV, operation, path), Effect.ALLOW, 0, RULE)
    return made._replace(**fields)  # type: ignore[arg-type]


OLD = decision(Operation.RENAME_FROM, "/w/a")
NEW = decision(Operation.RENAME_TO, "/w/b c")
OTHER = decision(Operation.MKDIR, "/w/d")


def shown(*records: Record, first: int = 4) -> list[str]:
    return [f"{number} {words}" for number, _, words in lines(enumerate(records, first))]


def test_a_rename_is_one_line() -> None:
    told = "mv: allowed: rename /w/a to '/w/b c' [flag --allow]"
    assert shown(OTHER, OLD, NEW, OTHER)[1] == f"5 7 {told}"
    assert len(shown(OTHER, OLD, NEW, OTHER)) == 3
    assert shown(OLD, NEW, OLD, NEW) == [f"4 7 {told}", f"6 7 {told}"]


def test_what_the_verdict_is_about_is_said_once() -> None:
    directory = Open(MV, "/w", Access.WRITE)
    both = [each._replace(decided=directory) for each in (OLD, NEW)]
    (line,) = shown(*both)
    assert line.count("write /w") == 1
    (line,) = shown(both[0], NEW._replace(decided=Open(MV, "/v", Access.WRITE)))
    assert "(write /w; write /v)" in line


@pytest.mark.parametrize(
    "new",
    [
        OTHER,
        NEW._replace(effect=Effect.DENY),
        NEW._replace(origin=None),
        NEW._replace(request=PathChange(RecordedProcess(8, "/bin/mv"), Operation.RENAME_TO, "/b")),
    ],
)
def test_what_does_not_belong_together_stays_apart(new: Decision) -> None:
    assert len(shown(OLD, new)) == 2
    assert len(shown(OLD)) == 1


def test_who_ended_it_is_said_without_an_empty_list() -> None:
    (line,) = shown(Changed(1, "killed", "nono kill", (), Origin(OriginKind.ANSWER, "13:57")))
    assert line == "4 killed by nono kill [answer 13:57]"


def test_only_what_was_refused() -> None:
    refused = NEW._replace(effect=Effect.DENY)
    assert [number for number, *_ in lines(enumerate([OLD, NEW, OLD, refused]), True)] == [3]
    gone = [(1, OLD), (3, NEW)]
    assert len([*lines(gone)]) == 2
