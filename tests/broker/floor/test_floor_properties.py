"""The one invariant, attacked: the floor never grants what the policy would refuse."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from nono.broker import (
    ALL_ACCESS,
    FLOOR_ACCESS,
    Access,
    Allow,
    Effect,
    Execute,
    File,
    Floor,
    Glob,
    Open,
    Operation,
    PathChange,
    Policy,
    Subtree,
    Watch,
    is_within,
)
from nono.broker.rules.paths import parent, reserved_tree
from nono.broker.rules.rule import is_lifted
from tests.broker.worlds import (
    CALLER,
    World,
    access_at,
    all_paths,
    excludes,
    policies,
    rules,
    usual,
    worlds,
)

pytestmark = pytest.mark.long


BITS = (Access.READ, Access.WRITE, Access.EXECUTE)
COMBINATIONS = tuple(Access(bits) for bits in range(1, ALL_ACCESS.value + 1))

many = settings(max_examples=200)


def refused_by_name(policy: Policy, path: str) -> bool:
    """True when wildcards speak of a name: they carve only what exists at the start."""
    return any(
        isinstance(rule.pattern, Glob) and rule.effect is not Effect.ALLOW and rule.reaches(path)
        for rule in policy.rules
    )


@many
@given(policies(), worlds, excludes)
def test_whatever_the_floor_covers_the_policy_allows(
    policy: Policy, world: World, exclude: frozenset[str]
) -> None:
    floor = policy.floor(world, exclude)
    for path in all_paths(world):
        if path not in world.kinds and refused_by_name(policy, path):
            continue
        for access in COMBINATIONS:
            if floor.covers(path, access):
                assert isinstance(policy.decide(Open(CALLER, path, access)), Allow), (path, access)
        if floor.covers(path, Access.EXECUTE):
            assert isinstance(policy.decide(Execute(CALLER, path)), Allow)
        if floor.covers(path, Access.READ):
            assert isinstance(policy.decide(Watch(CALLER, path)), Allow)


@many
@given(policies(), worlds, excludes)
def test_every_change_of_a_name_that_the_floor_permits_the_policy_permits(
    policy: Policy, world: World, exclude: frozenset[str]
) -> None:
    floor = policy.floor(world, exclude)
    for judge in (policy, policy.with_rules(floor.matched)):
        for path in all_paths(world):
            if path not in world.kinds and refused_by_name(policy, path):
                continue
            if not floor.covers(parent(path), Access.WRITE) or path == "/":
                continue
            for operation in Operation:
                if operation is Operation.LINK_FROM and not floor.covers(path, Access.READ):
                    continue
                change = PathChange(CALLER, operation, path, target=path)
                assert isinstance(judge.decide(change), Allow), (operation, path)


@many
@given(policies(), worlds, excludes)
def test_nothing_refused_asked_or_excluded_lies_under_a_directory_rule(
    policy: Policy, world: World, exclude: frozenset[str]
) -> None:
    floor = policy.floor(world, exclude)
    for given_rule in (rule for rule in floor.rules if rule.directory):
        top = given_rule.path
        assert top != "/"
        assert not any(is_within(path, top) for path in exclude)
        for rule in (*policy.rules, *floor.matched):
            pattern = rule.pattern
            if rule.effect is Effect.ALLOW or not isinstance(pattern, File | Subtree):
                continue
            if rule.only_of_changes and Access.WRITE not in given_rule.access:
                continue  # what is only looked at may lie under a refusal of changes
            if not is_lifted(rule, pattern.path, policy.bypasses):
                assert not is_within(pattern.path, top), (rule, top)


@many
@given(policies(), worlds, excludes)
def test_floor_rules_name_only_real_objects_outside_the_systems_own(
    policy: Policy, world: World, exclude: frozenset[str]
) -> None:
    floor = policy.floor(world, exclude)
    for rule in floor.rules:
        assert world.kind(rule.path) in ("directory", "file", "other")
        assert rule.directory == (world.kind(rule.path) == "directory")
        assert rule.access and rule.access in FLOOR_ACCESS
        assert not any(is_within(rule.path, path) for path in exclude)
        reserved = reserved_tree(rule.path)
        assert reserved != "/proc" and rule.path != reserved
        assert reserved != "/dev" or not rule.directory
        if reserved:
            assert any(
                isinstance(each.pattern, File | Subtree)
                and is_within(each.pattern.path, reserved)
                and each.reaches(rule.path)
                for each in policy.rules
            )
    for path in floor.carved:
        assert world.kind(path) == "directory" and path not in {r.path for r in floor.rules}


plain = rules((Effect.ALLOW, Effect.DENY), with_globs=False, whole=True, granted=usual)


@many
@given(policies(plain), worlds)
def test_the_floor_holds_every_file_that_the_policy_allows(policy: Policy, world: World) -> None:
    """Carving costs nothing but the carved directories themselves."""
    floor = policy.floor(world)
    for path, kind in world.kinds.items():
        if kind != "file" or reserved_tree(path) == "/proc" or _above_refusal(policy, path):
            continue
        if reserved_tree(path) == "/dev" and not _named_alone(policy, path):
            continue
        if reserved_tree(path) and not _named_inside(policy, path):
            continue
        for access in BITS:
            if policy.default is Effect.DENY:
                allowed = isinstance(policy.decide(Open(CALLER, path, access)), Allow)
                assert floor.covers(path, access) == allowed, (path, access)


def _above_refusal(policy: Policy, path: str) -> bool:
    return any(
        rule.effect is Effect.DENY
        and isinstance(rule.pattern, File | Subtree)
        and is_within(rule.pattern.path, path)
        for rule in policy.rules
    )


def _named_alone(policy: Policy, path: str) -> bool:
    grants = [r for r in policy.rules if r.effect is Effect.ALLOW and r.reaches(path)]
    return all(isinstance(r.pattern, File | Subtree) and r.pattern.path == path for r in grants)


def _named_inside(policy: Policy, path: str) -> bool:
    grants = [r for r in policy.rules if r.effect is Effect.ALLOW and r.reaches(path)]
    return all(
        isinstance(r.pattern, File | Subtree) and r.pattern.path != reserved_tree(path)
        for r in grants
    )


@many
@given(policies(), worlds)
def test_a_rule_of_its_own_for_each_path_that_wildcards_refuse(
    policy: Policy, world: World
) -> None:
    """Any existing object in reach of a grant that wildcards refuse is below a matched rule."""
    floor = policy.floor(world)
    for path in world.kinds:
        for access in BITS:
            if floor.covers(path, access):
                assert not any(
                    rule.reaches(path) and not is_lifted(rule, path, policy.bypasses)
                    for rule in floor.matched
                    if Access.WRITE in access or not rule.only_of_changes
                )
    for rule in floor.matched:
        assert isinstance(rule.pattern, Subtree)
        assert any(
            isinstance(each.pattern, Glob) and each.pattern.covers(rule.pattern.path)
            for each in policy.rules
        )


@many
@given(policies(), worlds)
def test_forgetting_a_path_only_takes_away(policy: Policy, world: World) -> None:
    floor = policy.floor(world)
    for forgotten in world.kinds:
        less = floor.without(forgotten)
        for path in all_paths(world):
            assert access_at(less, path) in access_at(floor, path)
        own = Floor(floor.rules)
        assert all(access_at(own, p) == access_at(floor, p) for p in world.kinds)
        assert not any(is_within(rule.path, forgotten) for rule in less.rules)
