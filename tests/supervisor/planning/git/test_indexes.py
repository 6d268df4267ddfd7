"""What git's indexes name has a bound that is of all of them, and what is beyond is closed."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from nono.broker.git_index import gitlinks
from nono.supervisor.planning.git import indexes
from nono.supervisor.planning.git.repositories import Found, search

_GITLINK, _FILE = 0o160000, 0o100644


def index(*modes: int) -> bytes:
    """Of entries of these modes, whose names are numbers."""
    text = bytearray(b"DIRC" + struct.pack(">II", 2, len(modes)))
    for number, mode in enumerate(modes):
        entry = bytes(24) + struct.pack(">I", mode) + bytes(12) + b"\x11" * 20
        text += entry + struct.pack(">H", 6) + b"%06x" % number + bytes(4)
    return bytes(text) + bytes(20)


@pytest.fixture
def opened(tmp_path: Path) -> Path:
    return tmp_path.resolve()


def add(opened: Path, name: str, text: bytes, *shared: bytes) -> None:
    """A repository with this index, and these parts of one."""
    git = opened / name / ".git"
    git.mkdir(parents=True)
    (git / "index").write_bytes(text)
    for number, part in enumerate(shared):
        (git / f"sharedindex.{number}").write_bytes(part)


def closed(opened: Path) -> tuple[list[str], Found]:
    found = search([str(opened)])
    return [Path(each).name for each in found.closed], found


def test_submodules_of_all_indexes_have_one_bound(
    opened: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexes, "_MAX_GITLINKS", 50)
    add(opened, "a", index(*[_GITLINK] * 30))
    (opened / "a/00001d/.git").mkdir(parents=True)
    assert closed(opened)[0] == []
    for name in "bcd":
        add(opened, name, index(*[_GITLINK] * 30))
    names, found = closed(opened)
    assert names == ["b", "c", "d"] and found.unread == ()
    assert [each.top for each in found.repositories if "00001d" in each.top]
    (note,) = found.notes
    assert note.startswith(f"{opened}/b/.git/index: too much is in git's indexes")
    assert "2 others" in note


def test_entries_of_all_indexes_have_one_bound(
    opened: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They count where one of them is a repository, and only there."""
    monkeypatch.setattr(indexes, "_MAX_ALL_ENTRIES", 100)
    for name in "ab":
        add(opened, name, index(_GITLINK, *[_FILE] * 60))
    for name in "cd":
        add(opened, name, index(*[_FILE] * 60))
    assert closed(opened)[0] == ["b"]
    (opened / "b/.git/index").unlink()
    assert closed(opened)[0] == []


@pytest.mark.parametrize(("bound", "most"), [("_MAX_FILES", 3), ("_MAX_NAMES", 6)])
def test_parts_and_what_is_beside_them_have_one_bound(
    opened: Path, monkeypatch: pytest.MonkeyPatch, bound: str, most: int
) -> None:
    monkeypatch.setattr(indexes, bound, most)
    for name in "ab":
        add(opened, name, index(_FILE), b"", b"", b"")
    assert closed(opened)[0] == ["b"]


def test_no_more_than_are_asked_for_are_read() -> None:
    assert len(gitlinks(index(*[_GITLINK] * 500), 20)) == 21
