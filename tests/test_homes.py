"""A home that a test has left alone stays as it was given, and any change in it is seen."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import homes


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """One that was set aside, and given again."""
    home = tmp_path / "home"
    filters = home / ".local/state/nono/filters"
    filters.mkdir(parents=True)
    (filters / "one").write_text("a filter")
    homes.set_aside(home)
    assert not any(home.iterdir())
    return home


def test_what_was_given_is_no_part_of_what_was_there(home: Path) -> None:
    (home / "mine").touch()
    assert homes.begin(home) == {home / "mine"}
    assert (home / ".local/state/nono/filters/one").read_text() == "a filter"
    assert homes.is_as_given(home / ".local")
    assert homes.begin(home) == {home / "mine"}
    assert homes.is_as_given(home / ".local")
    assert not homes.is_as_given(home / "mine")


@pytest.mark.parametrize(
    "change",
    [
        lambda state: (state / "sessions").mkdir(),
        lambda state: (state / "filters/one").write_text("A filter"),
        lambda state: (state / "filters/one").chmod(0o640),
        lambda state: (state / "filters/one").unlink(),
        lambda state: os.utime(state / "filters", (1, 1)),
    ],
)
def test_whatever_is_changed(home: Path, change: Callable[[Path], object]) -> None:
    homes.begin(home)
    change(home / ".local/state/nono")
    assert not homes.is_as_given(home / ".local")
