"""What is remembered of directories changes no verdict, whatever was looked up before."""

from __future__ import annotations

import random

import pytest

from nono.broker import (
    Access,
    Effect,
    File,
    Glob,
    Open,
    Operation,
    Origin,
    OriginKind,
    PathChange,
    Policy,
    Rule,
    Subtree,
    Subtrees,
)
from nono.broker.policy import around
from nono.broker.requests import NOBODY, Request
from nono.broker.rules.patterns import PathPattern

SEED = 20261126
NAMES = ("a", "b", "c.env", "proc")
GLOBS = ("**/*.env", "/a/*/b", "/**", "/b/**", "/a/[ab]/**")
RIGHTS = (Access.READ, Access.WRITE, Access.EXECUTE, Access.CREATE)


class Made:
    """Rules and requests by chance."""

    def __init__(self, seed: int) -> None:
        self._choose = random.Random(seed)

    def path(self) -> str:
        return "/" + "/".join(self._choose.choices(NAMES, k=self._choose.randint(0, 3)))

    def rule(self) -> Rule:
        effect = self._choose.choice((Effect.ALLOW, Effect.ALLOW, Effect.DENY, Effect.ASK))
        patterns: list[PathPattern] = [
            File(self.path()),
            Subtree(self.path()),
            Glob(self._choose.choice(GLOBS)),
        ]
        pattern = self._choose.choice(patterns)
        access = self._choose.choice(RIGHTS) | self._choose.choice(RIGHTS)
        origin = Origin(OriginKind.FLAG, f"{self._choose.random()}")
        if effect is Effect.DENY and self._choose.random() < 0.4:
            trees = Subtrees({self.path(): "", self.path(): ""}, frozenset({self.path()}))
            return Rule(trees, access, effect, origin)
        return Rule(pattern, access, effect, origin, self._choose.random() < 0.3)

    def policy(self) -> Policy:
        rules = tuple(self.rule() for _ in range(self._choose.randint(1, 8)))
        return Policy(rules, (self.path(),), self._choose.choice((Effect.DENY, Effect.ASK)))

    def request(self) -> Request:
        if self._choose.random() < 0.6:
            return Open(NOBODY, self.path(), self._choose.choice(RIGHTS))
        operation = self._choose.choice(list(Operation))
        return PathChange(NOBODY, operation, self.path(), target=self.path())


@pytest.mark.parametrize("remembered", [around._MAX_REMEMBERED, 2])
def test_a_policy_decides_as_one_that_was_never_asked(
    monkeypatch: pytest.MonkeyPatch, remembered: int
) -> None:
    monkeypatch.setattr(around, "_MAX_REMEMBERED", remembered)
    made = Made(SEED)
    for _ in range(40):
        policy = made.policy()
        for _ in range(30):
            request = made.request()
            fresh = Policy(policy.rules, policy.bypasses, policy.default)
            assert policy.decide(request) == fresh.decide(request)


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(around, "_MAX_REMEMBERED", 10)
    rule = Rule(Subtree("/d"), Access.READ, Effect.ALLOW, Origin(OriginKind.FLAG, "--read /d"))
    policy = Policy((rule,))
    for number in range(100):
        policy.decide(Open(NOBODY, f"/d/{number}/f", Access.READ))
    assert len(policy._index._directories._known) <= 10
