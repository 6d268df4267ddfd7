"""A name that wildcards refuse and that is not there yet: no program brings it about."""

from __future__ import annotations

import errno

import pytest
from hypothesis import given, settings

from nono.broker import (
    FLOOR_ACCESS,
    READ_WRITE,
    Access,
    Deny,
    Effect,
    Glob,
    Operation,
    PathChange,
    Policy,
)
from nono.broker.rules.paths import parent
from tests.broker.worlds import (
    CALLER,
    World,
    access_at,
    all_paths,
    allow,
    files,
    policies,
    rule,
    worlds,
)

WORLD = files("/w/a/f", "/w/.git/config", "/w/.git/modules/new/x", "/t/x")


def refusing(*texts: str) -> Policy:
    refusals = [rule(Glob(text), effect=Effect.DENY) for text in texts]
    return Policy((allow("/w", READ_WRITE), allow("/t", FLOOR_ACCESS), *refusals))


def test_reads_stay_and_writes_leave_where_the_pattern_reaches() -> None:
    floor = refusing("/w/**/.env").floor(WORLD)
    assert access_at(floor, "/w/a/f") == Access.READ
    assert access_at(floor, "/t/x") == FLOOR_ACCESS
    anchored = refusing("/w/.git/modules/*/hooks").floor(WORLD)
    assert access_at(anchored, "/w/a/f") == READ_WRITE
    assert access_at(anchored, "/w/.git/modules/new/hooks") == Access.READ


@settings(max_examples=400)
@given(policies(), worlds)
def test_the_floor_changes_no_name_that_wildcards_refuse(policy: Policy, world: World) -> None:
    """Existing or not, whatever else the world has."""
    floor = policy.floor(world)
    judge = policy.with_rules(floor.matched)
    for path in all_paths(world):
        if path != "/" and floor.covers(parent(path), Access.WRITE):
            for operation in (Operation.CREATE, Operation.UNLINK, Operation.RENAME_TO):
                change = PathChange(CALLER, operation, path)
                assert not isinstance(judge.decide(change), Deny), (operation, path)


def moved(policy: Policy, old: str, new: str) -> int:
    verdict = policy.decide(PathChange(CALLER, Operation.RENAME_FROM, old, False, new, True))
    return verdict.errno if isinstance(verdict, Deny) else 0


@pytest.mark.parametrize(
    ("text", "new", "expected"),
    [
        ("/w/**/.env", "/w/b", 0),
        ("/w/**/.env", "/w/b/c/d", 0),
        ("/w/**/.env", "/t/a", errno.EXDEV),
        ("/w/**/a/*.key", "/w/b", errno.EXDEV),
        ("/w/**/a/*.key", "/w/b/a", 0),
        ("/w/*/.env", "/w/b/a", errno.EXDEV),
        ("/w/b/*.key", "/t/a", 0),
    ],
)
def test_a_directory_moves_only_to_where_as_much_is_refused(
    text: str, new: str, expected: int
) -> None:
    assert moved(refusing(text), "/w/a", new) == expected
