"""Data files: what is kept of one counts as long as the file is the same, and where it is whole."""

from __future__ import annotations

import builtins
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nono.broker import datafile
from nono.supervisor.cli.kept_data import KeptData

Kept = dict[str, tuple[int, int, bytes | tuple[int, int]]]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(datafile, "DATA", str(tmp_path / "data"))
    monkeypatch.setattr(datafile, "_kept", [])
    datafile._found.clear()
    path = tmp_path / "data/some.json"
    path.parent.mkdir()
    path.write_text('{"said": ["ä", 1, true, null]}', encoding="utf-8")
    yield path
    datafile._found.clear()


def nowhere(at: int, length: int) -> bytes:
    raise OSError("closed, and another file's by now")


def read_with(kept: Kept, read: Callable[[int, int], bytes] = nowhere) -> object:
    """What a new start reads."""
    datafile._found.clear()
    data = KeptData(kept, read)
    datafile.share(data.find, data.keep)
    return datafile.data("some")["said"]


def test_what_is_kept_is_what_the_file_says(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: Kept = {}
    assert read_with(kept) == ["ä", 1, True, None]
    assert [*kept] == [str(file)]
    with monkeypatch.context() as apart:
        apart.setattr(builtins, "open", None)
        assert read_with(kept) == ["ä", 1, True, None]


def test_what_is_kept_elsewhere_is_read_there(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: Kept = {}
    read_with(kept)
    time, size, text = kept[str(file)]
    assert isinstance(text, bytes)
    kept[str(file)] = (time, size, (3, len(text)))
    with monkeypatch.context() as apart:
        apart.setattr(builtins, "open", None)
        found = read_with(kept, lambda at, length: (b"..." + text)[at : at + length])
    assert found == ["ä", 1, True, None]
    assert read_with(kept) == ["ä", 1, True, None], "what cannot be read is read from the file"


@pytest.mark.parametrize("text", ['{"said": "as long as it was, later!"}', '{"said": "shorter"}'])
def test_a_file_that_has_changed_is_read_and_kept_anew(file: Path, text: str) -> None:
    kept: Kept = {}
    read_with(kept)
    file.write_text(text, encoding="utf-8")
    os.utime(file, ns=(0, 10**15))  # the clock went back, too
    now = read_with(kept)
    assert now != ["ä", 1, True, None]
    assert read_with(kept) == now


def test_a_file_that_changes_while_it_is_read_is_read_again(file: Path) -> None:
    kept: Kept = {}
    data = KeptData(kept, nowhere)
    assert data.find(str(file)) is None
    os.utime(file, ns=(0, 10**15))
    data.keep(str(file), {"said": "what was read"})
    assert read_with(kept) == ["ä", 1, True, None]


@pytest.mark.parametrize("damage", [b"", b"\0", b"N", b"[\1\0\0\0N", b"\xff" * 64])
def test_what_is_odd_is_as_nothing(file: Path, damage: bytes) -> None:
    kept: Kept = {}
    read_with(kept)
    time, size, _ = kept[str(file)]
    kept[str(file)] = (time, size, damage)
    assert read_with(kept) == ["ä", 1, True, None]


def test_without_a_place_to_keep_it_nothing_is_kept(file: Path) -> None:
    assert datafile.data("some")["said"] == ["ä", 1, True, None]
    assert datafile._kept == []
