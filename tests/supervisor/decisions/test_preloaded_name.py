"""The name under which programs load nono's library for opens."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nono.supervisor.decisions.preloaded import named


@pytest.fixture
def library(tmp_path: Path) -> str:
    path = tmp_path.resolve() / "installed/libpreload.so"
    path.parent.mkdir()
    path.touch()
    return str(path)


def test_it_is_the_library_by_a_path_in_the_state(library: str, tmp_path: Path) -> None:
    env = {"XDG_STATE_HOME": str(tmp_path / "state")}
    for _ in range(2):
        path = named(library, env)
        assert os.path.samefile(path, library) and path.endswith(f"/..{library}")
        assert path.startswith(f"{tmp_path.resolve()}/state/nono/libasan.so/../")
    assert os.listdir(tmp_path / "state/nono/libasan.so") == []


def test_it_is_the_library_s_own_where_there_is_no_such_path(library: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    linked = tmp_path / "linked/nono"
    linked.mkdir(parents=True)
    (linked / "libasan.so").symlink_to(tmp_path)
    for name in ("file", "linked", "a b", "a:b"):
        assert named(library, {"XDG_STATE_HOME": str(tmp_path / name)}) == library
    assert named(f"{library}-absent", {"XDG_STATE_HOME": str(tmp_path / "s")}).endswith("absent")
