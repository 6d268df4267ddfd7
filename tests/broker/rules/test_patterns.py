"""Patterns and paths, checked against slow and obvious definitions."""

from __future__ import annotations

import fnmatch
import posixpath

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nono.broker import AddressBlock, File, Glob, PolicyError, Subtree, is_canonical, is_within
from nono.broker.rules.automaton import Between
from nono.broker.rules.paths import ancestors, child, components, lineage, parent, reserved_tree
from tests.broker.worlds import globs, paths

texts = st.text(st.sampled_from("/.ab\0\n"), max_size=12)


@given(texts)
def test_canonical_is_what_normpath_leaves_alone(text: str) -> None:
    plain = posixpath.normpath(text) == text and text.startswith("/") and text[:2] != "//"
    assert is_canonical(text) == (plain and "\0" not in text)


@given(paths)
def test_parents_and_children_fit_together(path: str) -> None:
    above = list(ancestors(path))
    assert list(lineage(path)) == [path, *above]
    assert len(above) == len(components(path))
    assert all(is_within(path, each) for each in above)
    assert parent(child(path, "x")) == path
    if path != "/":
        assert above[0] == parent(path) == posixpath.dirname(path) and above[-1] == "/"


@given(paths, paths)
def test_within_is_equal_or_below(path: str, tree: str) -> None:
    assert is_within(path, tree) == (path == tree or tree in list(ancestors(path)))
    assert Subtree(tree).covers(path) == is_within(path, tree)
    assert File(tree).matches(path) == File(tree).covers(path) == (path == tree)


def test_a_grant_on_everything_leaves_out_the_systems_own_trees() -> None:
    everything = Subtree("/")
    for path in ("/proc", "/proc/1/environ", "/sys/kernel", "/run/x", "/dev/sda", "/dev"):
        assert not everything.matches(path) and everything.covers(path)
        assert reserved_tree(path) == "/" + path.split("/")[1]
    for path in ("/", "/processes", "/home/u/proc", "/device"):
        assert everything.matches(path) and reserved_tree(path) is None
    assert Subtree("/proc").matches("/proc/1") and Glob("/proc/*/stat").matches("/proc/1/stat")
    assert not Glob("**/environ").matches("/proc/1/environ")
    assert Glob("**/environ").covers("/proc/1/environ")


@pytest.mark.parametrize(
    ("text", "path", "matches"),
    [
        ("**/.env", "/.env", True),
        ("**/.env", "/a/b/.env", True),
        ("**/.env", "/a/.env.local", False),
        (".env", "/a/b/.env", True),
        ("a/*.pem", "/x/a/k.pem", True),
        ("/a/*", "/a/b", True),
        ("/a/*", "/a/b/c", False),
        ("/a/**", "/a", True),
        ("/a/**", "/a/b/c", True),
        ("/a/**/z", "/a/z", True),
        ("/a/**/z", "/a/b/c/z", True),
        ("/a/**/z", "/a/b/c", False),
        ("/a/?", "/a/b", True),
        ("/a/?", "/a/bc", False),
        ("/a/[bc]x", "/a/cx", True),
        ("/a/[!bc]x", "/a/cx", False),
        ("/a/b**c", "/a/bxxc", True),
        ("/a/b**c", "/a/b/c", False),
        ("/**", "/", True),
        ("build/", "/w/build", True),
        ("/a/\n*", "/a/\nx", True),
    ],
)
def test_wildcards(text: str, path: str, matches: bool) -> None:
    assert Glob(text).matches(path) is matches


def obvious(parts: list[str], names: list[str]) -> bool:
    """The definition of a match, by recursion."""
    if not parts:
        return not names
    if parts[0] == "**":
        return obvious(parts[1:], names) or (bool(names) and obvious(parts, names[1:]))
    return bool(names) and fnmatch.fnmatchcase(names[0], parts[0]) and obvious(parts[1:], names[1:])


glob_texts = st.lists(st.sampled_from(("**", "*", "a", "a*", "?", "[ab]", ".env")), min_size=1)


@given(glob_texts.filter(lambda parts: len(parts) < 8), paths)
def test_the_automaton_agrees_with_the_definition(parts: list[str], path: str) -> None:
    assume(reserved_tree(path) is None)
    glob = Glob("/" + "/".join(parts))
    assert glob.matches(path) == obvious(parts, components(path))
    assert glob.covers(path) == any(obvious(parts, components(each)) for each in lineage(path))
    if glob.matches(path):
        assert is_within(path, glob.prefix) and glob.may_match_in(path)


@given(st.text("*ab\n", min_size=1, max_size=8), st.lists(st.text("ab\n", max_size=8)))
def test_stars_stand_for_what_fnmatch_says(pattern: str, names: list[str]) -> None:
    between = Between.of(f"*{pattern}")
    expected = [name for name in names if fnmatch.fnmatchcase(name, f"*{pattern}")]
    assert [name for name in names if between.fullmatch(name)] == expected
    assert between.among(names) == expected


@given(globs, paths)
def test_a_refusal_covers_at_least_what_a_grant_matches(text: str, path: str) -> None:
    assert Glob(text).covers(path) or not Glob(text).matches(path)


def test_hostile_names_cost_no_more_than_their_length() -> None:
    """Both would keep a backtracking matcher busy for longer than the universe is old."""
    assert not Glob("/" + "a*" * 40 + "b").matches("/" + "a" * 255)
    assert not Glob("/" + "**/a*/" * 30 + "z").matches("/a" * 2000)


@pytest.mark.parametrize("text", ["", "/", "a//b", "../x", "/a/./b", "a\0", "/".join("a" * 99)])
def test_text_that_can_match_nothing_is_refused(text: str) -> None:
    with pytest.raises(PolicyError) as caught:
        Glob(text)
    assert "hint: " in str(caught.value)


@pytest.mark.parametrize("path", ["", "a", "/a/", "/a/../b", "//a", "/a\0"])
def test_paths_in_rules_must_be_canonical(path: str) -> None:
    for kind in (File, Subtree):
        with pytest.raises(PolicyError):
            kind(path)


def test_what_was_written_is_kept_for_display_and_does_not_count() -> None:
    assert Subtree("/home/u/.ssh", spelled="~/.ssh") == Subtree("/home/u/.ssh")
    assert Subtree("/home/u/.ssh", spelled="~/.ssh").spelled == "~/.ssh"
    assert File("/a").spelled == "/a" and Glob("*.x").spelled == "*.x"


def test_a_block_of_addresses_must_be_one() -> None:
    for text in ("10.0.0.1/8", "nonsense", "10.0.0.0/33"):
        with pytest.raises(PolicyError):
            AddressBlock(text)
