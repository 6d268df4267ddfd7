"""A refusal of changes alone takes the right to write out of the floor, and nothing else."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings

from nono.broker import (
    ALL_ACCESS,
    READ_WRITE,
    Access,
    Effect,
    FloorRule,
    Glob,
    PathPattern,
    Policy,
    Rule,
    Subtree,
)
from nono.broker.rules.access import CHANGING
from tests.broker.worlds import (
    World,
    access_at,
    all_paths,
    allow,
    deny,
    excludes,
    files,
    policies,
    rule,
    worlds,
)

READ, WRITE, EXECUTE = Access.READ, Access.WRITE, Access.EXECUTE
SIGHT = READ | EXECUTE
PROJECT = files("/w/.git/config", "/w/.git/hooks/post-merge", "/w/.git/objects/a", "/w/src/main.py")

many = settings(max_examples=400)


def unchanged(pattern: PathPattern, effect: Effect = Effect.DENY) -> Rule:
    return rule(pattern, CHANGING, effect)


def only_of_changes(each: Rule) -> bool:
    return each.effect is not Effect.ALLOW and not each.access & ~CHANGING


def test_what_is_looked_at_goes_over_a_refusal_of_changes() -> None:
    policy = Policy((allow("/w", READ_WRITE | EXECUTE), unchanged(Subtree("/w/.git/hooks"))))
    floor = policy.floor(PROJECT)
    assert set(floor.rules) == {
        FloorRule("/w", SIGHT, directory=True),
        FloorRule("/w/.git/config", WRITE, directory=False),
        FloorRule("/w/.git/objects", WRITE, directory=True),
        FloorRule("/w/src", WRITE, directory=True),
    }
    assert not floor.carved and floor.unwritten == {"/w", "/w/.git"}
    assert floor.covers("/w/src/main.py", READ_WRITE | EXECUTE)
    assert floor.covers("/w/made later", EXECUTE) and not floor.covers("/w/made later", WRITE)
    assert floor.covers("/w/.git/hooks/post-merge", SIGHT)


def test_a_refusal_of_more_carves_both() -> None:
    refused = (unchanged(Subtree("/w/.git/hooks")), deny("/w/.git/config"))
    floor = Policy((allow("/w", READ_WRITE), *refused)).floor(PROJECT)
    assert floor.carved == {"/w", "/w/.git"} and not floor.unwritten
    assert access_at(floor, "/w/.git/hooks") == READ


def test_a_match_that_may_be_read_does_not_end_the_search_for_what_may_not() -> None:
    refused = (unchanged(Glob("**/.git")), rule(Glob("**/config"), effect=Effect.DENY))
    floor = Policy((allow("/w", READ_WRITE), *refused)).floor(PROJECT)
    assert access_at(floor, "/w/.git/config") == Access(0)
    assert access_at(floor, "/w/.git/objects/a") == READ
    assert access_at(floor, "/w/src/main.py") == READ, "a name that is refused may come to be"
    assert {each.pattern for each in floor.matched} == {
        Subtree("/w/.git"),
        Subtree("/w/.git/config"),
    }


def test_a_question_about_changes_leaves_reads_alone() -> None:
    policy = Policy((allow("/w", READ_WRITE), unchanged(Subtree("/w/src"), Effect.ASK)))
    floor = policy.floor(PROJECT)
    assert access_at(floor, "/w/src/main.py") == READ
    assert access_at(floor, "/w/.git/config") == READ_WRITE


@many
@given(policies(), worlds, excludes)
def test_reading_and_executing_lose_nothing_by_it(
    policy: Policy, world: World, exclude: frozenset[str]
) -> None:
    """As large as can be: what is looked at is as if nobody had refused changes."""
    without = replace(policy, rules=tuple(r for r in policy.rules if not only_of_changes(r)))
    floor, bare = policy.floor(world, exclude), without.floor(world, exclude)
    for path in all_paths(world):
        assert access_at(floor, path) & SIGHT == access_at(bare, path) & SIGHT, path
        assert access_at(floor, path) in access_at(bare, path), path


@many
@given(policies(), worlds, excludes)
def test_writing_loses_as_much_as_by_a_refusal_of_everything(
    policy: Policy, world: World, exclude: frozenset[str]
) -> None:
    widened = tuple(
        replace(each, access=ALL_ACCESS)
        if only_of_changes(each) and each.effect is Effect.DENY
        else each
        for each in policy.rules
    )
    floor = policy.floor(world, exclude)
    shut = replace(policy, rules=widened).floor(world, exclude)
    for path in all_paths(world):
        assert access_at(floor, path) & WRITE == access_at(shut, path) & WRITE, path
    assert not floor.carved & floor.unwritten
    assert not any(each.path in floor.unwritten and WRITE in each.access for each in floor.rules)
