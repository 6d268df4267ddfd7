"""The decision: properties that hold for every policy and request."""

from __future__ import annotations

import errno

from hypothesis import given, settings
from hypothesis import strategies as st

from nono.broker import (
    ALL_ACCESS,
    Access,
    Allow,
    Ask,
    Deny,
    Effect,
    File,
    Glob,
    Open,
    Operation,
    OriginKind,
    PathPattern,
    Policy,
    Request,
    Rule,
    Subtree,
    is_within,
)
from nono.broker.rules.paths import is_device, lineage, parent
from tests.broker.requests import change, operations, requests
from tests.broker.worlds import CALLER, paths, policies, rule, rules

many = settings(max_examples=500)


@many
@given(policies(), requests)
def test_every_request_gets_a_verdict_with_a_rule(policy: Policy, request_: Request) -> None:
    verdict = policy.decide(request_)
    assert isinstance(verdict, Allow | Deny | Ask) and isinstance(verdict.rule, Rule)
    assert not isinstance(verdict, Deny) or verdict.errno in errno.errorcode
    assert isinstance(policy.considered(request_), tuple)
    assert policy.lacks(request_) in ALL_ACCESS
    assert policy.decide(request_) == verdict


@many
@given(policies(), requests)
def test_the_winning_rule_is_among_those_considered(policy: Policy, request_: Request) -> None:
    rule = policy.decide(request_).rule
    if rule.origin.kind not in (OriginKind.DEFAULT, OriginKind.BUILTIN):
        assert rule in policy.considered(request_)


@many
@given(policies(), rules((Effect.DENY,)), requests)
def test_another_refusal_opens_nothing(policy: Policy, extra: Rule, request_: Request) -> None:
    before, after = policy.decide(request_), policy.with_rules([extra]).decide(request_)
    assert isinstance(before, Allow) or not isinstance(after, Allow)
    assert not isinstance(before, Deny) or isinstance(after, Deny)


@many
@given(policies(), requests)
def test_without_bypasses_nothing_more_is_allowed(policy: Policy, request_: Request) -> None:
    strict = Policy(policy.rules, default=policy.default, network=policy.network)
    if isinstance(strict.decide(request_), Allow):
        assert isinstance(policy.decide(request_), Allow)


def oracle(policy: Policy, path: str, access: Access) -> str:
    """What an open must come to, straight from the words of the design."""
    needed = [bit for bit in Access if bit in access]
    for each in policy.rules:
        lifted = each.protected and any(is_within(path, b) for b in policy.bypasses)
        speaks = each.effect is Effect.DENY and each.access & access
        if speaks and not lifted and _covers(each.pattern, path):
            return "deny"
    answers = [_answer(policy, path, bit) for bit in needed]
    return "deny" if "deny" in answers else "ask" if "ask" in answers else "allow"


def _answer(policy: Policy, path: str, bit: Access) -> str:
    here = [r for r in policy.rules if bit in r.access and r.effect is not Effect.DENY]
    if any(
        r.effect is Effect.ASK and isinstance(r.pattern, Glob) and _covers(r.pattern, path)
        for r in here
    ):
        return "ask"
    for at in lineage(path):
        level = [
            r.effect
            for r in here
            if isinstance(r.pattern, File | Subtree) and r.pattern.path == at and r.reaches(path)
        ]
        if level:
            return "ask" if Effect.ASK in level else "allow"
    if any(r.effect is Effect.ALLOW and r.reaches(path) for r in here):
        return "allow"
    return policy.default.value


def _covers(pattern: object, path: str) -> bool:
    assert isinstance(pattern, PathPattern)
    if isinstance(pattern, Glob):
        return any(_exactly(pattern, each) for each in lineage(path))
    return pattern.covers(path)


def _exactly(pattern: Glob, path: str) -> bool:
    states = pattern.names.start()
    for name in path[1:].split("/") if path != "/" else []:
        states = pattern.names.step(states, name)
    return pattern.names.accepts(states)


@settings(max_examples=1500)
@given(policies(), paths, st.integers(1, ALL_ACCESS.value).map(Access))
def test_an_open_comes_to_what_the_design_says(policy: Policy, path: str, access: Access) -> None:
    verdict = policy.decide(Open(CALLER, path, access))
    assert type(verdict).__name__.lower() == oracle(policy, path, access)
    if isinstance(verdict, Deny):
        by_rule = verdict.rule.origin.kind is not OriginKind.DEFAULT
        assert verdict.errno == (errno.EPERM if by_rule else errno.EACCES)


@many
@given(policies(), paths, operations)
def test_the_right_to_create_reaches_one_level(
    policy: Policy, path: str, operation: Operation
) -> None:
    only = Policy((rule(Subtree(parent(path)), Access.CREATE),))
    creates = operation in {
        Operation.CREATE,
        Operation.MKDIR,
        Operation.SYMLINK,
        Operation.MKNOD,
        Operation.LINK_TO,
        Operation.RENAME_TO,
        Operation.BIND,
    }
    creates = creates and not is_device(path)
    assert isinstance(only.decide(change(operation, path)), Allow) == creates
    assert not isinstance(only.decide(change(operation, path + "/x")), Allow) or path == "/"
