"""An answer that allows just what is asked for says what the policy would decide with it."""

from __future__ import annotations

import itertools

from nono.broker import (
    Access,
    Allow,
    Ask,
    Bind,
    Connect,
    ConnectHost,
    Effect,
    Execute,
    Metadata,
    Mode,
    Open,
    Operation,
    PathChange,
    Policy,
    Request,
    Rule,
    Subtree,
    UnixConnect,
    Watch,
)
from nono.broker.asking.just_that import allowed_by
from nono.broker.network.network import Network
from nono.broker.requests import NOBODY
from nono.broker.rules.access import ALL_ACCESS
from nono.broker.rules.patterns import File, Glob
from tests.broker.worlds import FLAG

PATH = "/data/set/f"
BITS = [Access(bits) for bits in range(1, ALL_ACCESS.value + 1)]


def rule(pattern: File | Subtree | Glob, access: Access, effect: Effect = Effect.ALLOW) -> Rule:
    return Rule(pattern, access, effect, FLAG)


READ, WRITE = Access.READ, Access.WRITE
RULES: list[tuple[Rule, ...]] = [
    (),
    (rule(Subtree("/data"), READ),),
    (rule(File(PATH), WRITE),),
    (rule(Subtree("/data/set"), READ, Effect.ASK),),
    (rule(Glob("/data/**/f"), WRITE),),
    (rule(Glob("/data/*/f"), READ, Effect.ASK),),
    (rule(Subtree("/data"), WRITE, Effect.DENY),),
    (rule(File(f"{PATH}/below"), ALL_ACCESS, Effect.DENY),),
]
ANSWERS: list[tuple[Rule, ...]] = [
    (),
    (rule(File("/data/set/g"), READ),),
    (rule(Subtree("/data/set"), WRITE),),
    (rule(File(PATH), READ, Effect.DENY),),
    (rule(Subtree("/data"), WRITE, Effect.DENY), rule(File(PATH), READ)),
]
REQUESTS: list[Request] = [
    *(Open(NOBODY, PATH, access) for access in BITS),
    Open(NOBODY, PATH, READ, own=True),
    Watch(NOBODY, PATH),
    Execute(NOBODY, PATH),
    UnixConnect(NOBODY, PATH),
    *(PathChange(NOBODY, operation, PATH, target="/data/new") for operation in Operation),
    *(Metadata(NOBODY, name, PATH) for name in ("chmod", "chown", "utime", "setxattr")),
    ConnectHost(NOBODY, "pypi.example", 443),
    Connect(NOBODY, "203.0.113.7", 443),
    Bind(NOBODY, "0.0.0.0", 8080),
]
SAID = [
    rule(pattern, access, effect)
    for pattern in (File(PATH), File("/data/set/g"), Subtree("/data/set"))
    for access in (READ, WRITE, READ | WRITE, Access.EXECUTE, ALL_ACCESS)
    for effect in (Effect.ALLOW, Effect.DENY)
]


def test_it_is_what_the_policy_decides() -> None:
    found = 0
    network = Network(mode=Mode.FILTERED)
    for rules, answers, folding in itertools.product(RULES, ANSWERS, ((), ("/data",))):
        plain = Policy(rules, default=Effect.ASK, folding=folding, network=network)
        policy = plain.extended(answers)
        for request in REQUESTS:
            asks = policy.decide(request)
            if not isinstance(asks, Ask):
                continue
            for said in SAID:
                allowed = allowed_by(request, asks, said)
                if allowed is not None:
                    found += 1
                    assert allowed == policy.extended((said,)).decide(request), (request, said)
    assert found > 100


def test_it_is_none_where_more_is_to_be_decided() -> None:
    policy = Policy((rule(File(PATH), WRITE),), default=Effect.ASK)
    both = Open(NOBODY, PATH, READ | WRITE)
    asks = policy.decide(both)
    assert isinstance(asks, Ask)
    said = rule(File(PATH), READ | WRITE)
    assert allowed_by(both, asks, said) is None
    assert isinstance(policy.extended((said,)).decide(both), Allow)
    reads = Open(NOBODY, PATH, READ)
    asks = policy.decide(reads)
    assert isinstance(asks, Ask)
    for other in (rule(File("/data/set/g"), READ), rule(Subtree("/data/set"), READ)):
        assert allowed_by(reads, asks, other) is None
