"""Where things are, and what the platform is called."""

from __future__ import annotations

import runpy
import sys

import pytest

from nono.broker import groups
from nono.broker.profile.spelling import PLATFORMS
from nono.supervisor import places


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ("./a.json", "/b/a.json"),
        (".//./a", "/b/a"),
        ("./../a", "/b/../a"),
        ("./.a", "/b/.a"),
        ("././/etc/passwd", "/b/etc/passwd"),
        ("./~/a", "/b/~/a"),
        ("/x/./a", "/x/./a"),
        ("..", "/b/.."),
    ],
)
def test_a_path_from_here_has_no_dot_in_it(said: str, path: str) -> None:
    """It stays relative, whatever follows the dot."""
    assert places.absolute(said, "/home/u", "/b") == path


@pytest.mark.parametrize(("system", "name"), [("linux", "linux"), ("darwin", "macos")])
def test_the_platform_has_the_name_that_profiles_and_groups_use(
    monkeypatch: pytest.MonkeyPatch, system: str, name: str
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    assert runpy.run_path(places.__file__)["platform"]() == name
    assert name in PLATFORMS
    for group in groups().values():
        assert group.is_for(name) == (group.platform in (None, name))
