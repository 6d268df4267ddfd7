"""What is remembered of repositories: it is only added, bounded, and the user's alone."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from nono.supervisor.planning.git import remembered_repositories
from nono.supervisor.planning.git.remembered_repositories import remember, remembered


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"XDG_STATE_HOME": str(tmp_path / "state"), "HOME": str(tmp_path)}


def tops(place: Path, *names: str) -> list[str]:
    for name in names:
        (place / name).mkdir(parents=True, exist_ok=True)
    return [str(place / name) for name in names]


def test_what_was_known_comes_first_and_stays_while_it_is_there(
    tmp_path: Path, env: dict[str, str]
) -> None:
    assert remembered([str(tmp_path)], env) == []
    one, two = tops(tmp_path, "one", "two")
    remember(str(tmp_path), [two, "/elsewhere"], env)
    remember(str(tmp_path), [one], env)
    assert remembered([str(tmp_path)], env) == [two, one]
    os.rmdir(two)
    remember(str(tmp_path), [], env)
    assert remembered([str(tmp_path)], env) == [one]


def test_one_in_a_directory_that_is_closed_is_kept(
    tmp_path: Path, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (one,) = tops(tmp_path, "closed/one")
    remember(str(tmp_path), [one], env)
    stat = os.stat

    def closed(path: str, **how: Any) -> os.stat_result:
        if path == one:
            raise PermissionError
        return stat(path, **how)

    monkeypatch.setattr(os, "stat", closed)
    remember(str(tmp_path), [], env)
    assert remembered([str(tmp_path)], env) == [one]


def test_of_a_directory_above_what_is_below_counts(tmp_path: Path, env: dict[str, str]) -> None:
    one, two = tops(tmp_path, "a/one", "b/two")
    remember(str(tmp_path), [one, two], env)
    assert remembered([str(tmp_path / "a")], env) == [one]


def test_two_runs_that_end_at_once_both_add(tmp_path: Path, env: dict[str, str]) -> None:
    names = tops(tmp_path, *(f"{number}" for number in range(40)))
    with ThreadPoolExecutor(8) as threads:
        tuple(threads.map(lambda name: remember(str(tmp_path), [name], env), names))
    assert sorted(remembered([str(tmp_path)], env)) == sorted(names)


def test_of_too_many_bytes_whole_names_are_kept_and_that_is_told(
    tmp_path: Path, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = tops(tmp_path, "a", "b", "c")
    most = sum(len(name) + 1 for name in names[:2])
    monkeypatch.setattr(remembered_repositories, "_MAX_BYTES", most + 5)
    with pytest.raises(OSError, match="there are more than 2"):
        remember(str(tmp_path), names, env)
    assert remembered([str(tmp_path)], env) == names[:2]


def test_it_is_the_users_alone_and_read_bounded(
    tmp_path: Path, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered_repositories, "MAX_REPOSITORIES", 2)
    with pytest.raises(OSError, match="there are more than 2"):
        remember(str(tmp_path), tops(tmp_path, "a", "b", "c"), env)
    assert len(remembered([str(tmp_path)], env)) == 2
    directory = tmp_path / "state/nono/repositories"
    (file,) = directory.iterdir()
    assert directory.stat().st_mode & 0o777 == 0o700
    assert file.stat().st_mode & 0o777 == 0o600
    for text in (b"", b"\0\0", b"../x\0/a/../b\0rel\0", b"\xff" * 99):
        file.write_bytes(text)
        assert remembered([str(tmp_path)], env) == []
    file.unlink()
    os.mkfifo(file)
    assert remembered([str(tmp_path)], env) == []
