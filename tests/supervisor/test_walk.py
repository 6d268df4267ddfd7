"""The way of a path: which links it passes, and which of them lead out."""

import os
import tracemalloc
from pathlib import Path

import pytest

from nono.broker import is_within
from nono.supervisor import looks, walk
from nono.supervisor.walk import (
    Changeable,
    Followed,
    NotFollowedError,
    between,
    plain,
    way,
)


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
    end, links, _ = way(f"{tree}/work/one/x")
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
    assert between(f"{tree}/work/one").links == (f"{tree}/work/two", f"{tree}/other/three")
    assert between(f"{tree}/work/one/x").links == (f"{tree}/work/two", f"{tree}/other/three")
    assert between(f"{tree}/other/three").links == ()


@pytest.mark.parametrize(
    ("path", "left"),
    [
        ("work/up", ["other/here"]),
        ("work/one/../x", ["other/here"]),
        ("absent/../x", ["absent"]),
        ("work/../work/x", []),
        ("other/here/../../x", ["other/here", "other"]),
        ("work/./one//x", []),
    ],
)
def test_what_is_gone_up_from_is_named(tree: Path, path: str, left: list[str]) -> None:
    """But for what holds the end, or a link."""
    assert sorted(way(f"{tree}/{path}").left) == sorted(f"{tree}/{each}" for each in left)


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is looked at to find out whether it is a link."""
    looked: list[str] = []

    def readlink(path: str) -> str:
        looked.append(path)
        return os.readlink(path)

    monkeypatch.setattr(looks, "readlink", readlink)
    return looked


def test_in_what_is_not_there_nothing_is_looked_for(tree: Path, looked: list[str]) -> None:
    followed = Followed()
    found = way(f"{tree}/gone/{'x/' * 1000}{'../' * 1001}work/two", followed=followed)
    assert found.end == f"{tree}/other/here" and len(found.left) == 1001
    assert f"{tree}/gone" in looked and f"{tree}/gone/x" not in looked
    count = len(looked)
    assert way(f"{tree}/work/two/x", followed=followed).end == f"{tree}/other/here/x"
    assert looked[count:] == [f"{tree}/other/here/x"]


def test_what_is_remembered_has_a_bound(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "_MAX_SEEN", 3)
    followed = Followed()
    assert way(f"{tree}/work/one/x", followed=followed).end == f"{tree}/other/here/x"
    assert len(followed._seen) <= 3


def test_in_a_directory_that_was_seen_one_name_is_looked_at(tree: Path, looked: list[str]) -> None:
    followed = Followed()
    (tree / "other/b").mkdir()
    assert way(f"{tree}/work/../other/b/c", followed=followed).end == f"{tree}/other/b/c"
    looked.clear()
    assert way(f"{tree}/work/../other/b/d", followed=followed).end == f"{tree}/other/b/d"
    assert looked == [f"{tree}/other/b/d"]


@pytest.mark.parametrize("path", ["a/" * 500, "a/../" * 200, "two/" + "x/" * 500])
def test_ways_have_a_bound_in_all_that_they_lead_through(tree: Path, path: str) -> None:
    """Also where each name was seen before, and in what is not there."""
    followed = Followed(50_000)
    with pytest.raises(NotFollowedError):
        for _ in range(200):
            way(f"{tree}/work/{path}", followed=followed)
    with pytest.raises(NotFollowedError):
        way(f"{tree}/work", followed=followed)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("work/one/./x//y", "work/one/x/y"),
        ("work/one/../x", "other/x"),
        ("work/one/../work/../../work/two", "work/two"),
        ("absent/../work/two/", "work/two"),
    ],
)
def test_the_plain_form_is_what_the_kernel_comes_to(tree: Path, path: str, name: str) -> None:
    assert plain(f"{tree}/{path}").path == f"{tree}/{name}"


TARGETS = ("b", "a/../b", "a/b/../../b/x", "../t/a/b/..", "gone/../b/./a", "b/a/../../a", "a/..//b")
PATHS = ("l", "l/x", "a/b/../l", "a/../l/../b", "gone/../l", "l/..", "b/a/./../l")
PLACES = ("a", "a/b", "a/b/c", "b", "b/a", "b/x", "gone", "gone/y", "x", "b/a/z", "a/y")


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("path", PATHS)
def test_a_way_hangs_on_nothing_that_is_not_named(tmp_path: Path, target: str, path: str) -> None:
    """Whatever else becomes a link, it ends where it did; what is refused and above stays."""
    top = Path(os.path.realpath(tmp_path)) / "t"
    for name in ("a/b", "b/a", "b/x"):
        (top / name).mkdir(parents=True)
    (tmp_path / "else/deep").mkdir(parents=True)
    (top / "l").symlink_to(target)
    found = way(f"{top}/{path}")
    kept = (*found.passed, found.end)
    assert {*between(f"{top}/{path}").passed} <= {*kept}
    for place in PLACES:
        moved = top / place
        if any(is_within(each, str(moved)) for each in kept) or not moved.parent.is_dir():
            continue
        if moved.exists():
            moved.rename(tmp_path / "aside")
        moved.symlink_to(f"{tmp_path}/else/deep")
        assert os.path.realpath(f"{top}/{path}") == found.end, place
        moved.unlink()
        if (tmp_path / "aside").exists():
            (tmp_path / "aside").rename(moved)


def test_a_link_leads_out_only_of_what_may_have_changed(tree: Path) -> None:
    assert Changeable([f"{tree}/work"]).follow(f"{tree}/work/one")[1] == f"{tree}/work/one"
    assert Changeable([str(tree)]).follow(f"{tree}/work/one")[1] is None
    assert Changeable([f"{tree}/other"]).follow(f"{tree}/work/one")[1] is None
    assert Changeable([]).follow(f"{tree}/work/one") == (f"{tree}/other/here", None)


@pytest.mark.parametrize("name", ["a/", "a/../", "../", "./"])
def test_what_no_kernel_follows_leads_nowhere_and_is_not_walked(name: str) -> None:
    """Each of its beginnings would have to be held: gigabytes, of a line in a file."""
    path = "/" + name * 200_000 + "b"
    tracemalloc.start()
    try:
        found = way(path)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found.passed == ()
    assert most < 40_000_000
