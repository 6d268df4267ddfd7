"""The way of a path: which links it passes, and which of them lead out."""

import os
from pathlib import Path

import pytest

from nono.supervisor.walk import Changeable, links_between, way


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """`work/one -> two -> ../other/three -> here`, a loop, and one that leads nowhere."""
    for name in ("work", "other/here"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "work/one").symlink_to("two")
    (tmp_path / "work/two").symlink_to("../other/three")
    (tmp_path / "other/three").symlink_to(tmp_path / "other/./here")
    (tmp_path / "work/loop").symlink_to("loop")
    (tmp_path / "work/nowhere").symlink_to("absent/deep")
    (tmp_path / "work/up").symlink_to("../other/here/..")
    return tmp_path


def test_every_link_on_the_way_is_named(tree: Path) -> None:
    end, links = way(f"{tree}/work/one/x")
    assert end == f"{tree}/other/here/x"
    assert links == tuple(f"{tree}/{name}" for name in ("work/one", "work/two", "other/three"))


@pytest.mark.parametrize(
    "path", ["work", "work/one/..", "work/nowhere", "work/up/x", "absent/../work/./one//y", "../x"]
)
def test_the_end_is_where_the_kernel_comes_to(tree: Path, path: str) -> None:
    assert way(f"{tree}/{path}").end == os.path.realpath(f"{tree}/{path}")


def test_a_loop_ends(tree: Path) -> None:
    assert way(f"{tree}/work/loop").links == (f"{tree}/work/loop",)


def test_the_links_between_are_those_that_no_name_above_covers(tree: Path) -> None:
    assert links_between(f"{tree}/work/one") == [f"{tree}/work/two", f"{tree}/other/three"]
    assert links_between(f"{tree}/work/one/x") == [f"{tree}/work/two", f"{tree}/other/three"]
    assert links_between(f"{tree}/other/three") == []


def test_a_link_leads_out_only_of_what_may_have_changed(tree: Path) -> None:
    assert Changeable([f"{tree}/work"]).follow(f"{tree}/work/one")[1] == f"{tree}/work/one"
    assert Changeable([str(tree)]).follow(f"{tree}/work/one")[1] is None
    assert Changeable([f"{tree}/other"]).follow(f"{tree}/work/one")[1] is None
    assert Changeable([]).follow(f"{tree}/work/one") == (f"{tree}/other/here", None)
