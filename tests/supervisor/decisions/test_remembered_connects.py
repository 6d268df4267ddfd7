"""A verdict on a connect that is remembered is what the policy of now says."""

import pytest

from nono.broker import Allow, Connect, Deny, Floor, Policy
from nono.broker.requests import RecordedProcess
from nono.supervisor import Options, make_plan
from nono.supervisor.decisions import decide
from nono.supervisor.decisions.decide import Decisions

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
    monkeypatch.setattr(decide, "_MAX_CONNECTS", 4)
    policy = made(open_port=[7777])
    decisions = Decisions(policy, Floor())
    for port in range(7700, 7800):
        assert decisions.verdict(to(port))[1] == policy.decide(to(port))
    assert len(decisions._connects[1]) <= 4
