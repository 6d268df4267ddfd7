"""The invariant again, where the file system takes names for the same that differ in case."""

from __future__ import annotations

import errno
import random
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nono.broker import (
    ALL_ACCESS,
    FLOOR_ACCESS,
    Access,
    Allow,
    Deny,
    Effect,
    File,
    Glob,
    Open,
    Operation,
    PathChange,
    Policy,
    Subtree,
)
from nono.broker.rules.access import CHANGING
from nono.broker.rules.folding import Folding
from nono.broker.rules.paths import parent
from tests.broker.worlds import (
    CALLER,
    SCENE,
    World,
    all_paths,
    allow,
    deny,
    files,
    globs,
    policies,
    rule,
    worlds,
)

pytestmark = pytest.mark.long

many = settings(max_examples=300)
seeds = st.integers(0, 2**16)
FOLDING = ("/w",)
inside = st.sampled_from([path for path in SCENE.kinds if path.startswith("/w/")])
refusals = st.builds(
    rule,
    st.one_of(inside.map(Subtree), inside.map(File), globs.map(Glob)),
    st.sampled_from((ALL_ACCESS, CHANGING)),
    st.sampled_from((Effect.DENY, Effect.ASK)),
    st.booleans(),
)
opened = policies(refusals, most=2).map(
    lambda policy: replace(policy, rules=(allow("/w", FLOOR_ACCESS), *policy.rules))
)
some = st.one_of(opened, policies())
# A bypass lifts one spelling, and the name on the disk is another one.
LIFTED = Policy((allow("/w", FLOOR_ACCESS), deny("/w/b", protected=True)), bypasses=("/w/b",))


def respelled(path: str, seed: int) -> str:
    """Some letters below /w in the other case."""
    chance = random.Random(seed)
    if not path.startswith("/w/"):
        return path
    return "/w" + "".join(chance.choice((c, c.upper())) for c in path[2:])


def cased(world: World, seed: int) -> World:
    """The same world, each name spelled one way."""
    names: dict[str, str] = {}
    for path in sorted(world.kinds):
        above = names.get(parent(path), parent(path))
        last = respelled(f"/w/{path[path.rfind('/') + 1 :]}", seed + len(names))[2:]
        names[path] = above.rstrip("/") + last if path.startswith("/w/") else path
    return World({names[path]: kind for path, kind in world.kinds.items()})


@many
@given(some, st.one_of(st.just(SCENE), worlds), seeds)
@example(LIFTED, files("/w/b"), 2)
@example(LIFTED, files("/w/b/a.b"), 2)
@example(LIFTED, files("/w/b"), 0)
def test_whatever_the_floor_covers_the_policy_allows(
    policy: Policy, world: World, seed: int
) -> None:
    policy = replace(policy, folding=FOLDING)
    seen = cased(world, seed)
    floor = policy.floor(seen)
    judge = policy.with_rules(floor.matched)
    for path in all_paths(seen):
        if path not in seen.kinds and _refused_by_name(policy, path):
            continue
        for right in (Access.READ, Access.WRITE, Access.EXECUTE):
            if floor.covers(path, right):
                assert isinstance(judge.decide(Open(CALLER, path, right)), Allow), (path, right)
        if path != "/" and floor.covers(parent(path), Access.WRITE):
            for operation in (Operation.UNLINK, Operation.RENAME_TO, Operation.CREATE):
                change = PathChange(CALLER, operation, path, target=path)
                assert isinstance(judge.decide(change), Allow), (operation, path)


@many
@given(some, st.one_of(st.just(SCENE), worlds), seeds)
def test_what_is_refused_is_refused_under_every_spelling(
    policy: Policy, world: World, seed: int
) -> None:
    folding = replace(policy, folding=FOLDING)
    for path in all_paths(world):
        for right in (Access.READ, Access.WRITE):
            verdict = policy.decide(Open(CALLER, path, right))
            if isinstance(verdict, Deny) and verdict.errno == errno.EPERM:
                lifted = any(path.startswith(each) or each == "/" for each in policy.bypasses)
                other = folding.decide(Open(CALLER, respelled(path, seed), right))
                assert lifted or not isinstance(other, Allow), path


def _refused_by_name(policy: Policy, path: str) -> bool:
    folding = Folding(FOLDING)
    return any(
        isinstance(each.pattern, Glob)
        and each.effect is not Effect.ALLOW
        and (each.reaches(path) or folding.covers(each.pattern, path))
        for each in policy.rules
    )


def test_entries_are_compared_folded() -> None:
    world = files("/w/Secrets/key", "/w/open/x", "/w/Sub/.ENV", "/e/Secrets/key")
    given_rules = (
        allow("/w", FLOOR_ACCESS),
        allow("/e", FLOOR_ACCESS),
        deny("/w/secrets"),
        deny("/e/secrets"),
    )
    glob = rule(Glob("**/.env"), effect=Effect.DENY)
    floor = Policy((*given_rules, glob), folding=FOLDING).floor(world)
    assert not floor.covers("/w/Secrets/key", Access.READ)
    assert not floor.covers("/w/Sub/.ENV", Access.READ)
    assert floor.covers("/w/open/x", Access.READ)
    assert floor.covers("/e/Secrets/key", Access.READ)
    assert [each.pattern.spelled for each in floor.matched] == ["**/.env"]


def test_a_bypass_lifts_one_spelling_and_the_others_are_guarded() -> None:
    named = replace(LIFTED, folding=FOLDING)
    private = rule(Glob("/w/b/*.pem"), effect=Effect.DENY, protected=True)
    globbed = replace(named, rules=(allow("/w", FLOOR_ACCESS), private))
    for policy in (named, globbed):
        assert not policy.floor(files("/w/B/x")).covers("/w/B", Access.WRITE)
        assert not isinstance(_renamed(policy, "/w"), Allow)
        assert isinstance(_renamed(policy, "/w/b"), Allow)
    assert named.floor(files("/w/b/x", "/w/c")).covers("/w/b/x", Access.READ)
    assert named.floor(files("/w/b/x", "/w/c")).covers("/w/c", Access.WRITE)
    assert not named.floor(files("/w/B/x")).covers("/w/B/x", Access.READ)
    assert not isinstance(_renamed(named, "/w/B"), Allow)
    assert isinstance(_renamed(replace(named, folding=()), "/w"), Allow)


def _renamed(policy: Policy, path: str) -> object:
    change = PathChange(CALLER, Operation.RENAME_FROM, path, False, "/w/else", True)
    return policy.decide(change)


def test_a_directory_does_not_leave_the_tree_that_folds() -> None:
    given_rules = (
        allow("/w", FLOOR_ACCESS),
        allow("/e", FLOOR_ACCESS),
        rule(Glob("**/.env"), effect=Effect.DENY),
    )
    policy = Policy(given_rules, folding=("/w/Fat",))

    def moved(path: str, target: str) -> object:
        change = PathChange(CALLER, Operation.RENAME_FROM, path, False, target, True)
        return policy.decide(change)

    assert isinstance(moved("/w/Fat/a", "/w/Fat/b"), Allow)
    assert isinstance(moved("/w/x", "/w/y"), Allow)
    for path, target in (("/w/Fat/a", "/w/a"), ("/w/Fat", "/w/thin"), ("/w", "/e/w")):
        verdict = moved(path, target)
        assert isinstance(verdict, Deny) and verdict.errno == errno.EXDEV, path
