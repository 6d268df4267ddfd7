"""A refusal of many trees at once is the same as one refusal for each."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nono.broker import (
    ALL_ACCESS,
    Access,
    Deny,
    Effect,
    Open,
    Operation,
    PathChange,
    Policy,
    PolicyError,
    Request,
    Rule,
    Subtree,
    Subtrees,
    singly,
)
from nono.broker.audit.plain_policy import plain_policy, read_policy
from nono.broker.explaining.difference import opened
from tests.broker.worlds import CALLER, FLAG, World, all_paths, paths, rules, worlds

_many = st.dictionaries(paths, st.sampled_from(("~/a", "~/b", "/c")), max_size=5)


def _requests(path: str) -> list[Request]:
    opens: list[Request] = [Open(CALLER, path, Access(bits)) for bits in (0, 1, 2, 3)]
    changes = [PathChange(CALLER, operation, path, target="/h/new") for operation in Operation]
    return [*opens, *changes]


@settings(deadline=None)
@given(
    worlds,
    st.lists(rules(), max_size=5),
    st.lists(rules(), max_size=2),
    _many,
    st.sampled_from((ALL_ACCESS, Access.READ, Access.WRITE)),
    st.booleans(),
    st.lists(paths, max_size=2),
)
def test_together_and_one_by_one(
    world: World,
    before: list[Rule],
    after: list[Rule],
    spellings: dict[str, str],
    access: Access,
    protected: bool,
    bypasses: list[str],
) -> None:
    many = Rule(Subtrees(spellings), access, Effect.DENY, FLAG, protected)
    alone = [
        Rule(Subtree(path, spelled), access, Effect.DENY, FLAG, protected)
        for path, spelled in spellings.items()
    ]
    together = Policy((*before, many, *after), tuple(bypasses))
    one_by_one = Policy((*before, *alone, *after), tuple(bypasses))
    assert list(singly(together.rules)) == list(one_by_one.rules)
    for path in all_paths(world):
        for request in _requests(path):
            assert together.decide(request) == one_by_one.decide(request)
            # Of several of the trees the smallest is the one that speaks of it.
            considered = one_by_one.considered(request)
            assert set(map(str, together.considered(request))) <= set(map(str, considered))
    floors = [policy.floor(world) for policy in (together, one_by_one)]
    assert floors[0].rules == floors[1].rules and floors[0].carved == floors[1].carved
    assert floors[0].matched == floors[1].matched
    assert not opened(together, one_by_one) and not opened(one_by_one, together)
    assert read_policy(plain_policy(together)) == together


def test_the_verdict_names_the_one_that_counts() -> None:
    spellings = {"/h/a": "~/a", "/h/a/b": "~/a/b", "/h/c": "~/c"}
    policy = Policy((Rule(Subtrees(spellings), ALL_ACCESS, Effect.DENY, FLAG, True),))
    for path, tree in (("/h/a/b/x", "/h/a/b"), ("/h/a/x", "/h/a"), ("/h/c", "/h/c")):
        verdict = policy.decide(Open(CALLER, path, Access.READ))
        assert isinstance(verdict, Deny)
        assert verdict.rule.pattern == Subtree(tree)
        assert verdict.rule.pattern.spelled == spellings[tree]
        assert policy.considered(Open(CALLER, path, Access.READ)) == (verdict.rule,)
    held = PathChange(CALLER, Operation.RENAME_FROM, "/h", target="/x")
    verdict = policy.decide(held)
    assert isinstance(verdict, Deny) and verdict.rule.pattern == Subtree("/h/a")
    assert policy.considered(held) == (verdict.rule,)


def test_only_refusals_are_made_together() -> None:
    for effect in (Effect.ALLOW, Effect.ASK):
        with pytest.raises(PolicyError, match="only be refused together"):
            Policy((Rule(Subtrees({"/a": "/a"}), ALL_ACCESS, effect, FLAG),))
    for path in ("", "a", "/a/", "/a//b", "/a/../b", "/a\0"):
        with pytest.raises(PolicyError, match="plain form"):
            Subtrees({"/fine": "/fine", path: path})
