"""What a grant by wildcards opens, as the directories are."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from nono.broker import Glob
from nono.supervisor import out_of_reach
from nono.supervisor.planning.paths import opened_by_patterns
from nono.supervisor.planning.paths.opened_by_patterns import Opened, opened_by


@pytest.fixture
def top(tmp_path: Path) -> Path:
    for name in ("a/out/deep", "b/out", "c"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


def opened(top: Path, end: str) -> tuple[set[str], set[str]]:
    """By their names."""
    wholly, directly = opened_by(Glob(f"{top}/{end}"))
    return names(wholly, top), names(directly, top)


def names(paths: Iterable[str], top: Path) -> set[str]:
    return {os.path.relpath(each, top) for each in paths}


def test_what_is_there_is_found(top: Path) -> None:
    assert opened(top, "*/out/**") == ({"a/out", "b/out"}, {"a", "b", "c"})
    assert opened(top, "**") == ({"."}, set())
    assert opened(top, "*/out/*") == (set(), {"a/out", "b/out"})


@pytest.mark.parametrize("is_out_of_reach", [True, False])
def test_where_names_cannot_be_told_it_is_the_fixed_beginning(
    top: Path, monkeypatch: pytest.MonkeyPatch, is_out_of_reach: bool
) -> None:
    """A run may have closed a directory to the next start."""
    scandir = os.scandir

    def closed(path: str) -> os._ScandirIterator[str]:
        if path == f"{top}/a":
            raise PermissionError(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", closed)
    monkeypatch.setattr(out_of_reach, "is_out_of_reach", lambda _: is_out_of_reach)
    expected = ({"b/out"}, {"a", "b", "c"}) if is_out_of_reach else ({"."}, set())
    assert opened(top, "*/out/**") == expected


def test_of_very_many_it_is_the_fixed_beginning(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opened_by_patterns, "_MAX_ENTRIES", 2)
    whole = Opened(frozenset([str(top)]), frozenset())
    assert opened_by(Glob(f"{top}/*/out/**")) == whole
