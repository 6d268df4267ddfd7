"""Paths in plain form: many are told of together as each is by itself."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from nono.broker.rules.paths import are_canonical, is_canonical

_PIECES = st.sampled_from(("/", "a", ".", "..", "/a", "/..", "\0", "/\0", "\n", ".a", ""))
_PATHS = st.lists(_PIECES, max_size=5).map("".join)


@given(st.lists(_PATHS, max_size=4))
@example(["/"])
@example(["/a", "b"])
@example(["/a\0/b"])
@example(["/a/", "/b"])
@example(["", "/a"])
def test_many_paths_are_canonical_if_each_is(paths: list[str]) -> None:
    assert are_canonical(paths) == all(map(is_canonical, paths))
