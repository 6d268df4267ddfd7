"""A policy with a person's answers: they decide what was a question, and nothing else."""

from __future__ import annotations

import pytest

from nono.broker import (
    ALL_ACCESS,
    Access,
    Allow,
    Ask,
    Bind,
    Connect,
    ConnectHost,
    Deny,
    Effect,
    File,
    Glob,
    Mode,
    Network,
    Open,
    Operation,
    Origin,
    OriginKind,
    PathChange,
    Policy,
    PolicyError,
    Request,
    Rule,
    Subtree,
)
from nono.broker.network.network import LISTENING
from nono.broker.rules.host_patterns import AddressBlock, HostName, HostSuffix, LocalPort
from nono.broker.rules.rule import Pattern
from tests.broker.worlds import CALLER, FLAG

READ, WRITE = Access.READ, Access.WRITE
CONNECT = Access.CONNECT
ANSWER = Origin(OriginKind.ANSWER, "1, 14:02")
NAME = HostName("api.example.org")


def rule(pattern: Pattern, access: Access, effect: Effect, origin: Origin = FLAG) -> Rule:
    return Rule(pattern, access, effect, origin)


def yes(pattern: Pattern, access: Access = READ) -> Rule:
    return rule(pattern, access, Effect.ALLOW, ANSWER)


def no(pattern: Pattern, access: Access = ALL_ACCESS) -> Rule:
    return rule(pattern, access, Effect.DENY, ANSWER)


POLICY = Policy(
    (
        rule(Subtree("/open"), READ | WRITE, Effect.ALLOW),
        rule(Subtree("/open/asked"), READ, Effect.ASK),
        rule(Glob("/open/*.key"), READ, Effect.ASK),
        rule(Subtree("/shut"), READ, Effect.DENY),
    ),
    default=Effect.ASK,
    network=Network(
        Mode.FILTERED,
        rules=(
            rule(HostSuffix("example.org"), CONNECT, Effect.ALLOW),
            rule(NAME, CONNECT, Effect.ASK),
            rule(HostName("bad.example"), CONNECT, Effect.DENY),
        ),
    ),
)


def opens(path: str, access: Access = READ) -> Open:
    return Open(CALLER, path, access)


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (opens("/elsewhere/f"), yes(File("/elsewhere/f"))),
        (opens("/elsewhere/f"), yes(Subtree("/elsewhere"))),
        (opens("/open/asked/f"), yes(Subtree("/open/asked"))),
        (opens("/open/asked/f"), yes(File("/open/asked/f"))),
        (opens("/open/a.key"), yes(Subtree("/open"))),
        (
            PathChange(CALLER, Operation.RMDIR, "/open/asked"),
            yes(Subtree("/open/asked"), READ | WRITE),
        ),
        (ConnectHost(CALLER, "api.example.org", 443), yes(NAME, CONNECT)),
        (ConnectHost(CALLER, "other.example", 443), yes(HostName("other.example"), CONNECT)),
        (
            Connect(CALLER, "93.184.216.34", 22),
            yes(AddressBlock("93.184.216.34/32", (22,)), CONNECT),
        ),
        (Connect(CALLER, "127.0.0.1", 5432), yes(LocalPort(5432), CONNECT)),
        (Bind(CALLER, "192.0.2.1", 8080), yes(LocalPort(8080), LISTENING)),
    ],
    ids=str,
)
def test_an_answer_decides_what_was_a_question(request_: Request, answer: Rule) -> None:
    assert isinstance(POLICY.decide(request_), Ask)
    allowed = POLICY.extended([answer])
    assert allowed.decide(request_) == Allow(answer)
    assert answer in (*allowed.answers, *allowed.network.answers)
    refusal = no(answer.pattern, answer.access)
    refused = POLICY.extended([refusal]).decide(request_)
    assert isinstance(refused, Deny) and refused.rule == refusal
    # Whoever said no and then yes has said no.
    assert isinstance(allowed.extended([refusal]).decide(request_), Deny)
    assert isinstance(allowed.retracted(ANSWER).decide(request_), Ask)
    assert allowed.retracted(ANSWER) == POLICY


@pytest.mark.parametrize(
    "request_",
    [opens("/shut/f"), ConnectHost(CALLER, "bad.example", 443)],
    ids=str,
)
def test_an_answer_opens_nothing_that_a_rule_refuses(request_: Request) -> None:
    opened = POLICY.extended([yes(Subtree("/"), ALL_ACCESS), yes(HostName("bad.example"), CONNECT)])
    assert POLICY.decide(request_) == opened.decide(request_)
    assert isinstance(opened.decide(request_), Deny)


@pytest.mark.parametrize(
    "request_",
    [opens("/open/f"), ConnectHost(CALLER, "www.example.org", 443)],
    ids=str,
)
def test_a_refusal_takes_nothing_back_that_a_rule_grants(request_: Request) -> None:
    refused = POLICY.extended([no(Subtree("/")), no(HostName("www.example.org"), CONNECT)])
    assert POLICY.decide(request_) == refused.decide(request_)
    assert isinstance(refused.decide(request_), Allow)


def test_a_right_to_listen_is_none_to_connect() -> None:
    listening = POLICY.extended([yes(LocalPort(8080), LISTENING)])
    assert isinstance(listening.decide(Connect(CALLER, "127.0.0.1", 8080)), Ask)
    connecting = POLICY.extended([yes(LocalPort(8080), CONNECT)])
    assert isinstance(connecting.decide(Bind(CALLER, "192.0.2.1", 8080)), Ask)


def test_half_a_right_is_not_enough() -> None:
    read = POLICY.extended([yes(Subtree("/elsewhere"))])
    assert isinstance(read.decide(opens("/elsewhere/f", READ | WRITE)), Ask)
    # What is moved into a directory that may be read could be read then.
    moved = PathChange(
        CALLER, Operation.RENAME_FROM, "/open/f", target="/elsewhere/f", directory=False
    )
    assert isinstance(read.decide(moved), Allow)
    assert "/elsewhere" in {
        getattr(each.pattern, "path", "") for each in read.considered(opens("/elsewhere/f"))
    }


def test_an_unrestricted_network_has_no_questions() -> None:
    unrestricted = Policy(default=Effect.ASK)
    assert isinstance(unrestricted.decide(ConnectHost(CALLER, "a.example", 443)), Allow)
    with pytest.raises(PolicyError):
        unrestricted.extended([yes(NAME, CONNECT)])
    with pytest.raises(PolicyError):
        Network(rules=(rule(NAME, CONNECT, Effect.ASK),))
    blocked = Policy(default=Effect.ASK, network=Network(Mode.BLOCKED))
    assert isinstance(blocked.decide(ConnectHost(CALLER, "a.example", 443)), Deny)
