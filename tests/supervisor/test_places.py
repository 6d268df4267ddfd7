"""Where things are, and what the platform is called."""

from __future__ import annotations

import runpy
import sys

import pytest

from nono.broker import groups
from nono.broker.profile.spelling import PLATFORMS
from nono.supervisor import places


@pytest.mark.parametrize(("system", "name"), [("linux", "linux"), ("darwin", "macos")])
def test_the_platform_has_the_name_that_profiles_and_groups_use(
    monkeypatch: pytest.MonkeyPatch, system: str, name: str
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    assert runpy.run_path(places.__file__)["platform"]() == name
    assert name in PLATFORMS
    for group in groups().values():
        assert group.is_for(name) == (group.platform in (None, name))
