"""What is allowed for once is what was shown, and nothing else that a rule on its path covers."""

from __future__ import annotations

import pytest

from nono.broker import (
    Access,
    Effect,
    Floor,
    Metadata,
    Open,
    Operation,
    Origin,
    OriginKind,
    PathChange,
    Policy,
    Request,
    Rule,
    Subtree,
)
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.decisions.denials import key
from nono.supervisor.decisions.undecided import AnsweredProcess, Once

PATH = "/data/sub"
ALL = Access.READ | Access.WRITE | Access.CREATE
RULE = Rule(Subtree(PATH), ALL, Effect.ALLOW, Origin(OriginKind.ANSWER, "1, 12:00"))


def process(*shown: Request) -> AnsweredProcess:
    once = Once((RULE,), frozenset(map(key, shown)))
    return AnsweredProcess(1, "/bin/rm", (), "/", once)


def change(operation: Operation, path: str, *shown: Request) -> PathChange:
    return PathChange(process(*shown), operation, path)


@pytest.mark.parametrize("operation", [each for each in Operation if each != Operation.RENAME_FROM])
def test_a_change_is_that_of_the_very_name(operation: Operation) -> None:
    decisions = Decisions(Policy(default=Effect.ASK), Floor())
    shown = change(operation, PATH)
    assert decisions.allows(change(operation, PATH, shown))
    for path in (f"{PATH}/inner", f"{PATH}/.git"):
        assert not decisions.allows(change(operation, path, shown))
    other = Operation.UNLINK if operation != Operation.UNLINK else Operation.RMDIR
    assert not decisions.allows(change(other, PATH, shown))
    assert not decisions.allows(Metadata(process(shown), "chmod", PATH))


def test_a_file_is_read_as_it_was_shown() -> None:
    decisions = Decisions(Policy(default=Effect.ASK), Floor())
    shown = Open(process(), PATH, Access.READ)
    assert decisions.allows(Open(process(shown), PATH, Access.READ))
