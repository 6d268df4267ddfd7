"""What a program may leave in its TMPDIR, or in its place, for nono to remove."""

import os
from pathlib import Path

import pytest

from nono.supervisor.session.tmpdir import remove_tree

DEPTH = 3000
"""More than the stack has frames, a process has descriptors, and a path has room for."""


def test_a_link_in_its_place_is_removed_and_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    (precious / "inner").mkdir(parents=True, mode=0o750)
    before = [os.stat(path) for path in (tmp_path, precious, precious / "inner")]
    place = tmp_path / "place"
    place.symlink_to(precious)
    remove_tree(str(place))
    assert not os.path.lexists(place)
    after = [os.stat(path) for path in (tmp_path, precious, precious / "inner")]
    assert [each.st_mode for each in after] == [each.st_mode for each in before]


def test_links_in_it_are_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir(mode=0o500)
    (tmp_path / "file").write_text("kept")
    place = tmp_path / "place" / "inner"
    place.mkdir(parents=True)
    (place / "directory").symlink_to(precious)
    (place / "file").symlink_to(tmp_path / "file")
    os.link(tmp_path / "file", place / "hard")
    remove_tree(str(place.parent))
    assert not place.parent.exists()
    assert precious.stat().st_mode & 0o777 == 0o500
    assert (tmp_path / "file").read_text() == "kept"


def test_anything_else_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    os.mkfifo(tmp_path / "fifo")
    for name in ("file", "fifo", "absent"):
        remove_tree(str(tmp_path / name))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
def test_closed_directories_and_any_depth(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    here = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    for _ in range(DEPTH):
        os.mkdir("d", dir_fd=here)
        os.symlink("/", "link", dir_fd=here)
        below = os.open("d", os.O_RDONLY | os.O_DIRECTORY, dir_fd=here)
        os.fchmod(here, 0)
        os.close(here)
        here = below
    os.close(here)
    remove_tree(str(place))
    assert not place.exists()
