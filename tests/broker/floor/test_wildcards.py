"""The search for what wildcards match finds all of it, though it looks at few names."""

import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from nono.broker import ALL_ACCESS, Effect, Glob, Rule, Subtree
from nono.broker.floor.wildcards import BoundedTree, WildcardSearch
from nono.broker.rules.folding import EXACT, Folding
from nono.broker.rules.paths import RESERVED_TREES, ancestors
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


def found(world: World | RealTree, globs: list[str], top: str, folding: Folding) -> set[str]:
    rules = [Rule(Glob(each), ALL_ACCESS, Effect.DENY, FLAG) for each in globs]
    search = WildcardSearch(rules, (), BoundedTree(world, 10_000), lambda _: False, folding)
    patterns = [each.pattern for each in search.run([top])]
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
    assert sorted(tree.scan(f"{top}/a")) == [(".env", False), ("b", True)]
    assert tree.scan(f"{top}/missing") == []
    assert listed == [(f"{top}/a", [".env", "b"])]
    assert (("d", False)) in tree.scan(top)
