"""What is left out of a refusal of many trees is open, and nothing else: broker and floor alike."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nono.broker import (
    ALL_ACCESS,
    FLOOR_ACCESS,
    READ_WRITE,
    Access,
    Allow,
    Deny,
    Effect,
    FloorRule,
    Open,
    Operation,
    PathChange,
    Policy,
    Rule,
    Subtrees,
    is_within,
)
from nono.broker.audit.plain_policy import plain_policy, read_policy
from nono.broker.rules.access import CHANGING
from nono.broker.rules.paths import parent
from tests.broker.worlds import (
    CALLER,
    FLAG,
    World,
    all_paths,
    allow,
    files,
    paths,
    rules,
    worlds,
)

many = settings(max_examples=150)
left_out = st.frozensets(paths.filter(lambda path: path != "/"), max_size=3)


def refusal(
    trees: dict[str, str],
    left_out: frozenset[str],
    access: Access = CHANGING,
    protected: bool = True,
) -> Rule:
    return Rule(Subtrees(trees, left_out), access, Effect.DENY, FLAG, protected)


def speaks(trees: dict[str, str], left_out: frozenset[str], path: str) -> bool:
    """The nearest of all that is named above a path says what it is."""
    named = [(len(each), each in trees) for each in (*trees, *left_out) if is_within(path, each)]
    return bool(named) and max(named)[1]


@many
@given(
    worlds,
    st.lists(rules(with_globs=False), max_size=4),
    st.dictionaries(paths, st.just("~"), max_size=3),
    left_out,
    st.sampled_from((ALL_ACCESS, CHANGING)),
    st.booleans(),
    st.booleans(),
)
def test_the_nearest_name_decides_and_the_floor_is_never_more(
    world: World,
    others: list[Rule],
    trees: dict[str, str],
    left_out: frozenset[str],
    access: Access,
    protected: bool,
    folding: bool,
) -> None:
    opened = [allow("/w", FLOOR_ACCESS), *others]
    folds = ("/w", "/h") if folding else ()
    rule = refusal(trees, left_out, access, protected)
    policy, without = (Policy(tuple(r), folding=folds) for r in ([rule, *opened], opened))
    floor = policy.floor(world)
    for path in all_paths(world):
        request = Open(CALLER, path, Access.WRITE)
        verdict = policy.decide(request)
        if speaks(trees, left_out, path):
            assert isinstance(verdict, Deny)
        elif not folding:
            assert type(verdict) is type(without.decide(request))
        for bits in range(1, ALL_ACCESS.value + 1):
            if floor.covers(path, Access(bits)):
                assert isinstance(policy.decide(Open(CALLER, path, Access(bits))), Allow)
        if path != "/" and floor.covers(parent(path), Access.WRITE):
            for operation in Operation:
                if operation is not Operation.LINK_FROM or floor.covers(path, Access.READ):
                    change = PathChange(CALLER, operation, path, target=path)
                    assert isinstance(policy.decide(change), Allow), (operation, path)
    assert read_policy(plain_policy(policy)) == policy


def test_the_kernel_has_what_is_named_and_not_what_is_beside_it() -> None:
    world = files("/w/.a/t/1/.git/hooks/x", "/w/.a/t/1/.git/o", "/w/.a/t/2/f", "/w/.a/s", "/w/f")
    trees = {"/w/.a": ".a", "/w/.a/t/1/.git/hooks": "hooks"}
    policy = Policy((allow("/w", READ_WRITE), refusal(trees, frozenset({"/w/.a/t/1"}))))
    floor = policy.floor(world)
    assert {each for each in floor.rules if Access.WRITE in each.access} == {
        FloorRule("/w/.a/t/1/.git/o", Access.WRITE, directory=False),
        FloorRule("/w/f", Access.WRITE, directory=False),
    }
    assert floor.covers("/w/.a/s", Access.READ)


@pytest.mark.parametrize("folding", [(), ("/w",)])
def test_one_rule_leaves_nothing_out_of_another(folding: tuple[str, ...]) -> None:
    first = refusal({"/w/.a": ".a"}, frozenset({"/w/.a/t"}))
    for second in (
        refusal({"/w/.a": ".a"}, frozenset()),
        refusal({"/w/.a": ".a"}, frozenset({"/w/.a/u"})),
    ):
        policy = Policy((allow("/w", READ_WRITE), first, second), folding=folding)
        floor = policy.floor(files("/w/.a/t/f", "/w/.a/u/f"))
        for path in ("/w/.a/t/f", "/w/.a/u/f"):
            assert isinstance(policy.decide(Open(CALLER, path, Access.WRITE)), Deny)
            assert not floor.covers(path, Access.WRITE)


def test_where_names_fold_only_the_exact_name_is_left_out() -> None:
    rule = refusal({"/w/.a": ".a"}, frozenset({"/w/.a/t"}))
    policy = Policy((allow("/w", READ_WRITE), rule), folding=("/w",))
    for path, is_open in (("/w/.a/t/f", True), ("/w/.A/t/f", False), ("/w/.a/T/f", False)):
        assert isinstance(policy.decide(Open(CALLER, path, Access.WRITE)), Allow) is is_open


def test_a_record_from_before_leaves_nothing_out() -> None:
    for left_out, parts in ((frozenset(), 2), (frozenset({"/w/a/b"}), 3)):
        policy = Policy((refusal({"/w/a": "~/a"}, left_out),))
        plain: list[Any] = plain_policy(policy)
        assert len(plain[0][0][0]) == parts and read_policy(plain) == policy
