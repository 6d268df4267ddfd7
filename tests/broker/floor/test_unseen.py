"""What is not seen, or not held by the kernel, is not taken for empty while a pattern goes on."""

from __future__ import annotations

from nono.broker import ALL_ACCESS, Access, Allow, Effect, File, Glob, PathChange, Policy
from nono.broker.requests import Operation, PathRequest
from nono.broker.rules.access import CHANGING, FLOOR_ACCESS
from tests.broker.worlds import CALLER, World, allow, rule

READ, WRITE = Access.READ, Access.WRITE
KINDS = {
    "/w/vault/.env": "file",
    "/w/vault/conf/a.key": "file",
    "/w/vault/other": "file",
    "/w/open/x": "file",
}


class Unlisted(World):
    """Does not list `/w/vault`, but tells what a name in it is."""

    def entries(self, path: str) -> list[str]:
        return [] if path == "/w/vault" else super().entries(path)

    def scan(self, path: str, most: int | None = None) -> list[tuple[str, bool]] | None:
        return None if path == "/w/vault" else super().scan(path, most)


WORLD = Unlisted(KINDS)  # type: ignore[arg-type]


def policy(text: str, access: Access = ALL_ACCESS) -> Policy:
    return Policy((allow("/w", FLOOR_ACCESS), rule(Glob(text), access, Effect.DENY)))


def test_it_is_shut() -> None:
    for text in ("**/.env", "**/*.key", "/w/vault/*/a.key", "/w/*/a"):
        floor = policy(text).floor(WORLD)
        for path in ("/w", "/w/vault", "/w/vault/other", "/w/vault/conf/a.key"):
            assert not floor.covers(path, READ), (text, path)
        assert floor.covers("/w/open/x", READ)


def test_it_is_open_where_no_pattern_goes_on() -> None:
    for text in ("/w/open/*", "/w/*.pem", "/w/v/*/x"):
        floor = policy(text).floor(WORLD)
        assert floor.covers("/w/vault/other", READ), text
    assert policy("**/.env", WRITE).floor(WORLD).covers("/w/vault/other", READ)


def test_the_names_of_the_pattern_are_asked_for() -> None:
    patterns = {each.pattern for each in policy("**/.env").floor(WORLD).matched}
    assert {getattr(each, "path", "") for each in patterns} == {"/w/vault", "/w/vault/.env"}
    patterns = {each.pattern for each in policy("**/conf/*.key").floor(WORLD).matched}
    assert {getattr(each, "path", "") for each in patterns} == {"/w/vault", "/w/vault/conf/a.key"}


def test_it_stays_where_it_is_and_its_files_are_free() -> None:
    made = policy("**/.env")
    matched = made.floor(WORLD).matched
    assert [each.access for each in matched if each.pattern == File("/w/vault")] == [CHANGING]
    judge = made.with_rules(matched)

    def allows(operation: Operation, path: str) -> bool:
        request: PathRequest = PathChange(CALLER, operation, path, target="/w/new", directory=True)
        return isinstance(judge.decide(request), Allow)

    assert not allows(Operation.RENAME_FROM, "/w/vault")
    assert allows(Operation.RENAME_FROM, "/w/open")
    assert allows(Operation.CREATE, "/w/vault/new")


def test_what_only_the_broker_opens_is_searched() -> None:
    kinds = {
        "/w/src1/sub/.env": "file",
        "/w/other/.env": "file",
        "/dev/shm/x/.env": "file",
        "/dev/shm/.env": "file",
    }
    grants = (rule(Glob("/w/src*/**")), allow("/dev/shm/x"))
    made = Policy((*grants, rule(Glob("**/.env"), effect=Effect.DENY)))
    floor = made.floor(World(kinds))  # type: ignore[arg-type]
    found = {getattr(each.pattern, "path", "") for each in floor.matched}
    assert not floor.rules and found == {"/w/src1/sub/.env", "/dev/shm/x/.env"}
