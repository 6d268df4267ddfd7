"""Directories are known to have none in them where that is certain, and only there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from nono.supervisor import leaf_directories
from nono.supervisor.leaf_directories import LeafDirectories

MOUNTED = "30 25 {}:{} / {} rw,relatime shared:1 - {} none rw\n"


@pytest.fixture
def counting() -> Iterator[Path]:
    """On a file system that counts, wherever the tests are."""
    with tempfile.TemporaryDirectory(prefix="nono-leaf-", dir="/dev/shm") as place:
        yield Path(place)


def table(place: Path, kind: str, device: int) -> str:
    """A table in which the device is of this kind."""
    path = place / "mountinfo"
    path.write_text(MOUNTED.format(os.major(device), os.minor(device), place, kind) + "odd\n")
    return str(path)


def test_a_directory_in_it_tells(counting: Path) -> None:
    (counting / "file").touch()
    (counting / "to").symlink_to("..")
    assert LeafDirectories().has(str(counting))
    (counting / ".git").mkdir()
    assert not LeafDirectories().has(str(counting))
    (counting / ".git").rmdir()
    assert LeafDirectories().has(str(counting))


def test_nothing_else_is_one(counting: Path) -> None:
    leaf = counting / "leaf"
    leaf.mkdir()
    (leaf / "file").touch()
    os.link(leaf / "file", leaf / "again")
    (counting / "to").symlink_to(leaf)
    found = LeafDirectories()
    assert found.has(str(leaf))
    for each in (leaf / "file", counting / "to", counting / "missing", "/proc/self/fd", "a\0b"):
        assert not found.has(str(each))


@pytest.mark.parametrize("kind", ["btrfs", "overlay", "fuse.sshfs", "cifs", "ext4x"])
def test_a_file_system_that_does_not_count_is_not_believed(
    counting: Path, tmp_path: Path, kind: str
) -> None:
    device = counting.stat().st_dev
    assert LeafDirectories(table(tmp_path, "ext4", device)).has(str(counting))
    assert not LeafDirectories(table(tmp_path, kind, device)).has(str(counting))
    assert not LeafDirectories(str(tmp_path / "missing")).has(str(counting))


def test_one_with_very_many_names_is_not_believed(
    counting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        (counting / f"{number}").touch()
    monkeypatch.setattr(leaf_directories, "_MAX_BYTES", counting.stat().st_size)
    assert not LeafDirectories().has(str(counting))
