"""A plain function that is asked: it answers before a call waits, and as a coroutine would."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import trio

from nono.broker import (
    Access,
    Answer,
    Bind,
    Connect,
    ConnectHost,
    Effect,
    Floor,
    Metadata,
    Open,
    Operation,
    PathChange,
    Policy,
    Question,
    Request,
    UnixConnect,
    Watch,
)
from nono.broker.audit.answer_records import Answered
from nono.broker.audit.records import Decision
from nono.supervisor.asking.asking import Asking
from nono.supervisor.asking.channel import Callback
from nono.supervisor.asking.dispatch import Dispatch
from nono.supervisor.asking.waiting.at_once import AtOnce
from nono.supervisor.asking.waiting.call import Again
from nono.supervisor.audit.reader import Session
from nono.supervisor.audit.sessions import find_session
from nono.supervisor.audit.writer import AuditOptions, open_audit
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.decisions.undecided import NOTHING, Once, Undecided
from nono.supervisor.faults import Faults
from tests.supervisor.asking.worlds import PLACE, asking_with, within


@dataclass
class Caller:
    """As the handlers have it: what it may for once is set while it decides."""

    tid: int
    pid: int = 4711
    exe: str = "/usr/bin/python3"
    argv: tuple[str, ...] = ("python3", "script.py")
    cwd: str = "/w"
    asks: bool = True
    once: Once = NOTHING


Made = Callable[[Caller, str], Request]
KINDS: dict[str, Made] = {
    "read": lambda who, path: Open(who, path, Access.READ),
    "write": lambda who, path: Open(who, path, Access.READ | Access.WRITE),
    "watch": lambda who, path: Watch(who, path),
    "create": lambda who, path: PathChange(who, Operation.CREATE, path),
    "delete": lambda who, path: PathChange(who, Operation.UNLINK, path),
    "mode": lambda who, path: Metadata(who, "chmod", path, detail="644"),
    "socket": lambda who, path: UnixConnect(who, path),
    "host": lambda who, path: ConnectHost(who, "pypi.example", 443),
    "address": lambda who, path: Connect(who, "203.0.113.7", 443),
    "bind": lambda who, path: Bind(who, "0.0.0.0", 8080),
}
ANSWERS = ("o", "r", "d", "n", "m", "N", "Q", "no such offer", None)


def both_ways(answer: str | None, made: Made, path: str, is_plain: bool) -> tuple[object, ...]:
    """What becomes of two calls, what was asked about, and what was written down."""
    seen: list[tuple[object, ...]] = []

    def plain(question: Question) -> Answer | None:
        offers = [each.id for each in question.offers]
        seen.append((question.id, question.wants, question.subject, question.objects, offers))
        return None if answer is None else Answer(answer, "script", "tester")

    async def waiting(question: Question) -> Answer | None:
        await trio.sleep(0)
        return plain(question)

    asking = asking_with(Callback(plain if is_plain else waiting))
    became: list[object] = []

    def tried(who: Caller, request: Request) -> None:
        asking.decisions.require(request)
        became.append("allowed")

    async def call(tid: int) -> None:
        who = Caller(tid)
        request = made(who, path)
        try:
            for _ in range(3):
                try:
                    tried(who, request)
                    return
                except Undecided as undecided:
                    waits = asking.questions.wait_for(who, undecided)
                await waits.done.wait()
                if not isinstance(waits.outcome, Again):
                    why = None if waits.outcome is None else waits.outcome.why
                    asking.decisions.refuse_unanswered(request, why)
                who.once = waits.outcome.once
        except OSError as error:
            became.append(error.errno)

    async def body() -> None:
        await call(1)
        await call(2)

    within(asking, body)
    log = [each for each in asking.questions.log.all() if isinstance(each, Answered)]
    said = [(a.question, a.channel, a.person, a.effect, a.lasts, a.words, a.calls) for a in log]
    denied = [
        (type(each.verdict).__name__, each.verdict.rule.origin.kind, each.count)
        for each in asking.decisions.denials.all()
    ]
    answers = [(rule.pattern, rule.effect) for rule in asking.decisions.policy.answers]
    return became, seen, said, denied, answers, asking.questions.has_quit


@pytest.mark.parametrize("kind", KINDS)
def test_a_plain_function_decides_as_a_coroutine_does(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text("")
    for answer in ANSWERS:
        ways = [both_ways(answer, KINDS[kind], str(path), plain) for plain in (True, False)]
        assert ways[0] == ways[1], answer
        if answer == "o" and kind not in ("host", "address", "bind"):
            assert ways[0][0] == ["allowed", "allowed"] and len(ways[0][1]) == 2  # type: ignore[arg-type]


def test_nothing_waits_for_a_function_that_answers_for_once(tmp_path: Path) -> None:
    asking = asking_with(Callback(lambda question: Answer("o", "script")))
    (tmp_path / "f").write_text("")
    who = Caller(1)
    asking.decisions.require(Open(who, str(tmp_path / "f"), Access.READ))
    with pytest.raises(Undecided):  # which takes a look at files
        asking.decisions.require(Open(Caller(2), str(tmp_path / "f"), Access.WRITE))
    # It is for this call, and for this object of it.
    (tmp_path / "g").write_text("")
    asked = len(asking.questions.log.all())
    asking.decisions.require(Open(who, str(tmp_path / "g"), Access.READ))
    assert len(asking.questions.log.all()) == asked + 1
    assert {each.pattern.path for each in who.once.rules} == {  # type: ignore[union-attr]
        str(tmp_path / "f"),
        str(tmp_path / "g"),
    }
    assert asking.decisions.policy.answers == ()


@pytest.mark.parametrize("error", [RuntimeError, SystemExit, KeyboardInterrupt])
def test_a_function_that_fails_refuses_and_ends_nothing(
    error: type[BaseException], tmp_path: Path
) -> None:
    def fails(question: Question) -> Answer | None:
        raise error("a function that fails")

    (tmp_path / "f").write_text("")
    asking = asking_with(Callback(fails))
    with pytest.raises(OSError) as refused:
        asking.decisions.require(Open(Caller(1), str(tmp_path / "f"), Access.READ))
    assert refused.value.errno == errno.EACCES
    assert len(asking.dispatch.faults.texts) == 1


@pytest.mark.parametrize("wrong", ["yes", True, Answer("no such offer")])
@pytest.mark.parametrize("is_plain", [True, False])
def test_what_is_no_answer_is_told(
    wrong: object, is_plain: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """In the faults each time, and once by the logger."""

    def plain(question: Question) -> object:
        return wrong

    async def waiting(question: Question) -> object:
        return wrong

    channel = Callback(plain if is_plain else waiting)  # type: ignore[arg-type]
    asking = asking_with(channel)
    dispatch = asking.dispatch
    question: Any = SimpleNamespace(offers=())
    for _ in range(2):
        if is_plain:
            at_once = AtOnce(asking.decisions, dispatch, asking.questions.asker)
            assert at_once._said(question, channel, plain, None) == (None, None)  # type: ignore[arg-type]
        else:
            assert trio.run(dispatch.ask, question) == (None, channel)
    text = "no offer" if isinstance(wrong, Answer) else "an Answer or None, and not"
    assert [text in each for each in dispatch.faults.texts] == [True, True]
    (record,) = caplog.records
    assert record.name == "nono" and "has failed" in record.message and text in caplog.text


def test_what_a_plain_function_returns_may_be_awaited(tmp_path: Path) -> None:
    """One that returns what has to be waited for is asked once, and the call waits."""
    asked: list[int] = []

    async def later(question: Question) -> Answer | None:
        await trio.sleep(0)
        return Answer("o", "script")

    def function(question: Question) -> object:
        asked.append(question.id)
        return later(question)

    (tmp_path / "f").write_text("")
    asking = asking_with(Callback(function))  # type: ignore[arg-type]

    async def body() -> None:
        who = Caller(1)
        with pytest.raises(Undecided) as found:
            asking.decisions.require(Open(who, str(tmp_path / "f"), Access.READ))
        call = asking.questions.wait_for(who, found.value)
        await call.done.wait()
        assert isinstance(call.outcome, Again) and call.outcome.once.rules

    within(asking, body)
    assert asked == [1]


@pytest.mark.parametrize("ids", [("o", "o"), ("o", "n")])
def test_an_answer_at_once_and_its_decision_are_one_record(
    ids: tuple[str, ...], tmp_path: Path
) -> None:
    state = {"XDG_STATE_HOME": str(tmp_path / "state"), "HOME": str(tmp_path)}
    audit = open_audit(AuditOptions(required=True, env=state))
    audit.start(Policy(default=Effect.ASK), "/tmp/none")
    decisions = Decisions(Policy(default=Effect.ASK), Floor(), audit)
    answers = iter(ids)
    function = Callback(lambda question: Answer(next(answers), "script", "tester"))
    asking = Asking(decisions, Dispatch([function], Faults()), lambda: PLACE, audit)
    (tmp_path / "f").write_text("")
    for number in range(len(ids)):
        with contextlib.suppress(PermissionError):
            decisions.require(Open(Caller(number), str(tmp_path / "f"), Access.READ))
    audit.close()
    session = Session(find_session(state, "last"))
    assert session.verify().is_intact
    found = [*session.records()][1:-1]
    assert [each for _, each in found if isinstance(each, Answered)] == [
        each._replace(time=mine.time)
        for each, (_, mine) in zip(asking.questions.log.all(), found[::2], strict=True)
    ]
    kinds = [type(each) for _, each in found]
    assert kinds == [Answered, Decision, Answered, Decision]
    numbers = [number for number, _ in found]
    assert numbers == ([1, 1, 2, 2] if ids == ("o", "o") else [1, 1, 2, 3])
