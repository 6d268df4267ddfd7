"""The floor by example: what is carved, what is left whole, and the look-up."""

from __future__ import annotations

import pytest

from nono.broker import (
    ALL_ACCESS,
    READ_WRITE,
    Access,
    Effect,
    File,
    Floor,
    FloorRule,
    FloorTooLarge,
    Glob,
    Policy,
    Rule,
    Subtree,
)
from tests.broker.worlds import World, access_at, allow, deny, files, rule

READ, WRITE, EXECUTE = Access.READ, Access.WRITE, Access.EXECUTE
HOME = files(
    "/home/u/.ssh/id",
    "/home/u/.ssh/known_hosts",
    "/home/u/.config/op/key",
    "/home/u/.config/git/config",
    "/home/u/notes",
    "/home/u/src/.env",
    "/home/u/src/main.py",
    "/home/u/src/lib/util.py",
)


def granted(*rules: Rule, world: World = HOME, bypasses: tuple[str, ...] = ()) -> dict[str, Access]:
    """The rules of the floor as a table."""
    return {each.path: each.access for each in Policy(rules, bypasses).floor(world).rules}


def test_a_grant_without_refusals_is_one_rule() -> None:
    assert granted(allow("/home/u", READ_WRITE)) == {"/home/u": READ_WRITE}


def test_a_refusal_inside_carves_only_what_leads_to_it() -> None:
    floor = Policy((allow("/home/u", READ), deny("/home/u/.config/op"))).floor(HOME)
    assert {each.path for each in floor.rules} == {
        "/home/u/.ssh",
        "/home/u/.config/git",
        "/home/u/notes",
        "/home/u/src",
    }
    assert floor.carved == {"/home/u", "/home/u/.config"}
    assert FloorRule("/home/u/notes", READ, directory=False) in floor.rules


def test_a_refused_path_that_does_not_exist_yet_carves_as_well() -> None:
    grants = granted(allow("/home/u/src", READ_WRITE), deny("/home/u/src/lib/secret/key"))
    assert grants == {
        "/home/u/src/.env": READ_WRITE,
        "/home/u/src/main.py": READ_WRITE,
        "/home/u/src/lib/util.py": READ_WRITE,
    }


def test_a_grant_inside_a_refusal_gives_nothing() -> None:
    assert granted(allow("/home/u/.ssh/id", READ), deny("/home/u/.ssh")) == {}


def test_a_bypass_opens_what_a_grant_reaches() -> None:
    protected = deny("/home/u/.ssh", protected=True)
    whole = granted(allow("/home/u/.ssh", READ), protected, bypasses=("/home/u/.ssh",))
    assert whole == {"/home/u/.ssh": READ}
    one = ("/home/u/.ssh/known_hosts",)
    assert granted(allow("/home/u/.ssh", READ), protected, bypasses=one) == {one[0]: READ}
    assert granted(protected, bypasses=one) == {}
    assert granted(allow("/home/u/.ssh", READ), deny("/home/u/.ssh"), bypasses=one) == {}


def test_a_bypass_does_not_lift_a_question_or_lead_into_the_systems_trees() -> None:
    asked = rule(Subtree("/home/u/.ssh"), effect=Effect.ASK, protected=True)
    assert granted(allow("/home/u/.ssh", READ), asked, bypasses=("/home/u/.ssh",)) == {}
    world = files("/sys/x/y", "/w/f")
    everything = (allow("/", READ), deny("/", protected=True))
    assert granted(*everything, world=world, bypasses=("/sys/x", "/w")) == {"/w": READ}


def test_wildcards_are_looked_for_below_a_bypass_in_what_others_matched() -> None:
    lifted = rule(Glob("**/src"), effect=Effect.DENY, protected=True)
    firm = rule(Glob("**/util.py"), effect=Effect.DENY)
    grants = granted(allow("/home/u", READ), lifted, firm, bypasses=("/home/u/src/lib",))
    assert not any(path.startswith("/home/u/src") for path in grants)


def test_wildcards_carve_what_exists_and_say_what_they_found() -> None:
    env = rule(Glob("**/.env"), effect=Effect.DENY)
    floor = Policy((allow("/home/u", READ), env)).floor(HOME)
    assert not floor.covers("/home/u/src/.env", READ)
    assert floor.covers("/home/u/src/main.py", READ)
    assert floor.covers("/home/u/src/lib/new", READ)
    assert [each.pattern for each in floor.matched] == [Subtree("/home/u/src/.env")]
    assert floor.matched[0].pattern.spelled == "**/.env"


def test_wildcards_that_grant_stay_with_the_broker() -> None:
    assert granted(rule(Glob("/home/u/**"), READ)) == {}


def test_symlinks_get_no_rule() -> None:
    world = World({"/w/link": "symlink", "/w/file": "file", "/w/secret": "file"})
    assert granted(allow("/w", READ), deny("/w/secret"), world=world) == {"/w/file": READ}
    assert granted(allow("/w/link", READ), world=world) == {}


def test_a_directory_granted_alone_gets_no_rule() -> None:
    assert granted(rule(File("/home/u"), READ)) == {}
    assert granted(rule(File("/home/u/notes"), READ)) == {"/home/u/notes": READ}


def test_the_systems_own_trees_are_never_whole() -> None:
    world = World(
        {
            "/etc/hosts": "file",
            "/proc/meminfo": "file",
            "/run/user/x": "file",
            "/sys/devices/cpu": "file",
            "/sys/kernel/x": "file",
            "/dev/null": "other",
            "/dev/pts/0": "other",
        }
    )
    assert granted(allow("/", READ), world=world) == {"/etc": READ}
    trees = [allow(path, READ) for path in ("/proc", "/run", "/sys", "/dev", "/dev/pts")]
    assert granted(*trees, world=world) == {}
    named = [
        allow(path, READ) for path in ("/proc/meminfo", "/sys/devices", "/dev/null", "/run/user")
    ]
    assert set(granted(*named, world=world)) == {"/sys/devices", "/dev/null", "/run/user"}


def test_what_is_excluded_stays_with_the_broker() -> None:
    policy = Policy((allow("/home/u", READ), allow("/home/u/src/lib", READ)))
    floor = policy.floor(HOME, frozenset({"/home/u/src"}))
    assert floor.covers("/home/u/notes", READ) and not floor.covers("/home/u/src/lib/util.py", READ)


def test_only_what_the_kernel_knows_is_in_a_rule() -> None:
    everything = READ_WRITE | EXECUTE | Access.CREATE
    assert granted(allow("/home/u", everything)) == {"/home/u": READ_WRITE | EXECUTE}
    assert granted(allow("/home/u", Access.CREATE | Access.CONNECT)) == {}


def test_rules_that_add_nothing_are_left_out() -> None:
    grants = granted(allow("/home", READ), allow("/home/u", READ), allow("/home/u/src", READ_WRITE))
    assert grants == {"/home": READ, "/home/u/src": READ_WRITE}


def test_what_may_only_be_written_is_kept_apart_from_readable_names() -> None:
    grants = granted(allow("/home/u/src", WRITE), allow("/home/u/src/lib/util.py", READ))
    assert grants == {
        "/home/u/src/.env": WRITE,
        "/home/u/src/main.py": WRITE,
        "/home/u/src/lib/util.py": READ_WRITE,
    }
    assert granted(allow("/home/u/src", WRITE), rule(Glob("/home/**/*.py"), READ)) == {}
    sockets = granted(allow("/home/u", READ_WRITE), allow("/home/u/src", Access.CONNECT))
    assert "/home/u/src" not in sockets and "/home/u" not in sockets
    above = granted(allow("/home/u/src", READ_WRITE), allow("/home/u", Access.CONNECT))
    assert above == {"/home/u/src": READ}


def test_the_search_is_bounded() -> None:
    world = files(*(f"/w/d{n}/f" for n in range(400)))
    from nono.broker.floor.carve import carve

    rules = (allow("/w", READ), rule(Glob("**/.env"), effect=Effect.DENY))
    with pytest.raises(FloorTooLarge) as caught:
        carve(rules, (), world, frozenset(), limit=500)
    assert caught.value.limit == 500 and caught.value.hint
    assert carve(rules, (), world, frozenset(), limit=900).covers("/w/d1/f", READ)


LOOKED_UP = Floor(
    [
        FloorRule("/a", READ, True),
        FloorRule("/a/b", WRITE, True),
        FloorRule("/a/file", EXECUTE, False),
    ]
)


@pytest.mark.parametrize(
    ("path", "access"),
    [
        ("/", Access(0)),
        ("/a", READ),
        ("/a/x/y", READ),
        ("/a/b", READ_WRITE),
        ("/a/b/c/d", READ_WRITE),
        ("/a/file", READ | EXECUTE),
        ("/a/file/x", READ),
        ("/ab", Access(0)),
        ("", Access(0)),
        ("a/b", Access(0)),
        ("/a/", Access(0)),
        ("/a/.", Access(0)),
        ("/a/..", Access(0)),
        ("/a/../etc/x", Access(0)),
        ("/a/./x/y", Access(0)),
        ("/a//x", Access(0)),
    ],
)
def test_look_up(path: str, access: Access) -> None:
    for _ in range(2):
        assert access_at(LOOKED_UP, path) == access
        assert not LOOKED_UP.covers(path, Access(0))
        for each in map(Access, range(1, ALL_ACCESS.value + 1)):
            assert LOOKED_UP.covers(path, each) == (each in access)


def test_what_takes_a_rule_on_the_file_itself() -> None:
    rules = [FloorRule("/a", READ, True), FloorRule("/a/b", READ_WRITE, False)]
    floor = Floor([*rules, FloorRule("/c", READ_WRITE, False)])
    taking = {path: floor.rules_itself(path, READ_WRITE) for path in ("/a", "/a/b", "/a/d", "/c")}
    assert taking == {"/a": False, "/a/b": True, "/a/d": False, "/c": True}
    assert not floor.rules_itself("/a/b", READ)


def test_a_rule_on_the_root_reaches_everything() -> None:
    floor = Floor([FloorRule("/", READ, True)])
    assert all(floor.covers(path, READ) for path in ("/", "/a", "/a/b"))


def test_the_look_up_remembers_a_bounded_number_of_directories() -> None:
    floor = Floor([FloorRule("/a", READ, True)])
    for number in range(10_000):
        assert floor.covers(f"/a/{number}/x", READ)
        assert not floor.covers(f"/b/{number}/x", READ)
    assert len(floor._below) <= 4097


def test_forgetting_takes_the_rules_at_and_below_a_path() -> None:
    less = LOOKED_UP.without("/a/b")
    assert access_at(less, "/a/b/c") == READ and access_at(LOOKED_UP, "/a/b/c") == READ_WRITE
    assert LOOKED_UP.without("/a").rules == ()
