"""The search for what wildcards match finds all of it, though it looks at few names."""

import os
from collections.abc import Collection
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nono.broker import ALL_ACCESS, Effect, Glob, Rule, Subtree
from nono.broker.errors import FloorTooLarge
from nono.broker.floor.wildcards import BoundedTree, WildcardSearch
from nono.broker.rules.folding import EXACT, Folding
from nono.broker.rules.paths import RESERVED_TREES, ancestors, child
from nono.supervisor.decisions.tree import RealTree
from tests.broker.worlds import FLAG, World

NAMES = st.sampled_from(["a", "b", "B", "c.key", ".env", "sub"])
PARTS = st.sampled_from(["a", "b", "*", "?", "*.key", ".e*v", "[ab]", "**", ".env", "sub"])
PATHS = st.lists(NAMES, min_size=1, max_size=5).map(lambda names: "/" + "/".join(names))
KINDS = st.sampled_from(["file", "directory", "symlink"])
WORLDS = st.dictionaries(PATHS, KINDS, max_size=14)
GLOBS = st.lists(
    st.lists(PARTS, min_size=1, max_size=4).map(lambda names: "/" + "/".join(names)),
    min_size=1,
    max_size=4,
    unique=True,
)


class LeafWorld(World):
    """Tells what is in a directory without directories; of others it may be listed only."""

    def __init__(self, world: World) -> None:
        super().__init__(world.kinds)
        self.listed: list[str] = []

    def entries(self, path: str) -> list[str]:
        self.listed.append(path)
        return super().entries(path)

    def files(self, path: str, names: Collection[str] | None) -> list[str] | None:
        inside = super().entries(path)
        if any(self.kind(child(path, name)) == "directory" for name in inside):
            return None
        return self.entries(path) if names is None else [name for name in names if name in inside]


def found(world: World | RealTree, globs: list[str], top: str, folding: Folding) -> set[str]:
    rules = [Rule(Glob(each), ALL_ACCESS, Effect.DENY, FLAG) for each in globs]
    search = WildcardSearch(rules, (), BoundedTree(world, 10_000), folding)
    patterns = [each.pattern for each in search.run([top], lambda _: False)]
    return {each.path for each in patterns if isinstance(each, Subtree)}


@given(WORLDS, GLOBS)
def test_it_finds_every_match_that_is_in_no_other(kinds: dict[str, str], globs: list[str]) -> None:
    world = World(kinds)  # type: ignore[arg-type]
    patterns = [Glob(each) for each in globs]
    matches = {
        path
        for path in world.kinds
        if path not in RESERVED_TREES and any(each.matches(path) for each in patterns)
    }
    outer = {path for path in matches if matches.isdisjoint(ancestors(path))}
    if "/" in matches:
        assert found(world, globs, "/", EXACT) >= {"/"}
    else:
        assert found(world, globs, "/", EXACT) == outer


@given(WORLDS, GLOBS)
def test_where_names_fold_every_name_is_looked_at(kinds: dict[str, str], globs: list[str]) -> None:
    world, folding = World(kinds), Folding(["/"])  # type: ignore[arg-type]
    patterns = [Glob(each) for each in globs]
    got = found(world, globs, "/", folding)
    for path in world.kinds:
        if any(folding.covers(each, path) for each in patterns) and "~" not in path:
            assert path in got or not got.isdisjoint(ancestors(path)), path


@given(WORLDS, GLOBS, st.sampled_from([EXACT, Folding(["/"]), Folding(["/a"])]))
def test_a_listing_is_not_missed_where_there_is_none(
    kinds: dict[str, str], globs: list[str], folding: Folding
) -> None:
    world = World(kinds)  # type: ignore[arg-type]
    assert found(LeafWorld(world), globs, "/", folding) == found(world, globs, "/", folding)


def test_files_are_not_listed_for_a_name() -> None:
    world = LeafWorld(World({"/a/.env": "file", "/a/x": "file", "/b/c/.git": "file"}))
    assert found(world, ["/**/.env", "/**/.git/config"], "/", EXACT) == {"/a/.env"}
    assert world.listed == ["/", "/b"]
    # What is no name that a pattern ends with is told by a listing alone, as are very many names.
    assert found(world, ["/**/.e*"], "/", EXACT) == {"/a/.env"}
    many = [f"/**/{number}" for number in range(50)]
    assert found(world, ["/**/.env", *many], "/", EXACT) == {"/a/.env"}
    assert world.listed[2:].count("/a") == 2
    # A link may have a name that a pattern goes on after.
    assert found(world, ["/**/d*/x"], "/", EXACT) == set()
    assert world.listed[2:].count("/a") == 3


def test_the_names_that_are_asked_for_are_bounded_as_listed_ones() -> None:
    world = LeafWorld(World({f"/{number}/x": "file" for number in range(10)}))
    rules = [Rule(Glob("/**/.env"), ALL_ACCESS, Effect.DENY, FLAG)]
    search = WildcardSearch(rules, (), BoundedTree(world, 15))
    with pytest.raises(FloorTooLarge):
        search.run(["/"], lambda _: False)


def test_on_a_real_tree(tmp_path: Path) -> None:
    for name in ("a/.env", "a/b/.env", "a/b/file", "c/.env/x"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "d").symlink_to("a")
    top = os.fspath(tmp_path.resolve())
    expected = {f"{top}/{name}" for name in ("a/.env", "a/b/.env", "c/.env")}
    assert found(RealTree(), [f"{top}/**/.env"], top, EXACT) == expected
    listed = []
    tree = RealTree(lambda path, names: listed.append((path, sorted(names))))
    assert sorted(tree.scan(f"{top}/a") or ()) == [(".env", False), ("b", True)]
    assert tree.scan(f"{top}/missing") == []
    assert listed == [(f"{top}/a", [".env", "b"])]
    assert (("d", False)) in (tree.scan(top) or ())
