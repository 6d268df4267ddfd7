"""How far a pattern is, told by the name that it waits for."""

from __future__ import annotations

import pytest

from nono.broker import Glob


@pytest.mark.parametrize(
    ("text", "path", "only"),
    [
        ("/srv/*/key", [], "srv"),
        ("/srv/*/key", ["srv"], None),
        ("/srv/*/key", ["srv", "a"], "key"),
        ("/srv/*/key", ["srv", "a", "key"], None),
        ("/srv/*/key", ["tmp"], None),
        ("**/key", [], None),
    ],
)
def test_the_only_name_that_brings_it_further(text: str, path: list[str], only: str | None) -> None:
    names = Glob(text).names
    states = names.after(path)
    assert names.only(states) == only
    if only is not None:
        assert names.step(states, only) and not names.step(states, only + "x")
