"""A verdict that is remembered is what the policy of now says."""

import pytest

from nono.broker import (
    Access,
    Allow,
    Ask,
    Connect,
    Deny,
    Effect,
    File,
    Floor,
    Open,
    Origin,
    OriginKind,
    Policy,
    Rule,
    Verdict,
)
from nono.broker.requests import RecordedProcess
from nono.supervisor import Options, make_plan
from nono.supervisor.decisions import remembered
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.decisions.undecided import AnsweredProcess, Once, Undecided

ME = RecordedProcess(1)


def to(port: int, *, own: bool = False, address: str = "127.0.0.1") -> Connect:
    return Connect(ME, address, port, own=own)


def made(**options: object) -> Policy:
    return Policy(network=make_plan(Options(**options)).policy.network)  # type: ignore[arg-type]


def test_every_part_of_the_request_counts_and_the_policy_of_now() -> None:
    decisions = Decisions(made(open_port=[7777]), Floor())
    for _ in range(2):
        assert isinstance(decisions.verdict(to(7777))[1], Allow)
        assert isinstance(decisions.verdict(to(7778))[1], Deny)
        assert isinstance(decisions.verdict(to(7778, own=True))[1], Allow)
        assert isinstance(decisions.verdict(to(7777, address="192.0.2.1"))[1], Deny)
    decisions.policy = made(open_port=[7778])
    assert isinstance(decisions.verdict(to(7777))[1], Deny)
    assert isinstance(decisions.verdict(to(7778))[1], Allow)


def test_it_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "_MAX_KNOWN", 4)
    policy = made(open_port=[7777])
    decisions = Decisions(policy, Floor())
    for port in range(7700, 7800):
        assert decisions.verdict(to(port))[1] == policy.decide(to(port))
    assert len(decisions._known._known[1]) <= 4


def test_of_an_open_only_that_it_asks_and_not_what_was_allowed_once() -> None:
    """Each part of it counts, and so does what its own process may."""

    def nobody(undecided: Undecided) -> tuple[Open, Verdict]:
        raise undecided

    decisions = Decisions(Policy(default=Effect.ASK), Floor())
    decisions.answer_at_once = nobody
    origin = Origin(OriginKind.ANSWER, "1, 14:02")
    rule = Rule(File("/a"), Access.READ, Effect.ALLOW, origin)
    may = AnsweredProcess(1, once=Once((rule,)))
    for _ in range(2):
        assert isinstance(decisions.verdict(Open(ME, "/a", Access.READ))[1], Ask)
        assert isinstance(decisions.verdict(Open(may, "/a", Access.READ))[1], Allow)
        assert isinstance(decisions.verdict(Open(may, "/a", Access.WRITE))[1], Ask)
        assert isinstance(decisions.verdict(Open(ME, "/a", Access.READ, own=True))[1], Allow)
    decisions.extend([rule])
    assert isinstance(decisions.verdict(Open(ME, "/a", Access.READ))[1], Allow)
    decisions.retract(origin)
    assert isinstance(decisions.verdict(Open(ME, "/a", Access.READ))[1], Ask)
