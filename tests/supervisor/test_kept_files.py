"""What is kept for later runs counts only where nobody else can have written it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nono.supervisor.kept_files import MAX_BYTES, keep, read_kept


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"XDG_STATE_HOME": str(tmp_path), "HOME": str(tmp_path)}


def _file(env: dict[str, str]) -> Path:
    (found,) = Path(env["XDG_STATE_HOME"]).rglob("name")
    return found


def test_it_is_there_for_the_next_run(env: dict[str, str]) -> None:
    assert read_kept("kind", "name", env) == b""
    for data in (b"first", b"second"):
        keep("kind", "name", data, env)
        assert read_kept("kind", "name", env) == data
    file = _file(env)
    assert os.listdir(file.parent) == ["name"]
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_what_is_odd_is_not_there(env: dict[str, str], tmp_path: Path) -> None:
    keep("kind", "name", b"data", env)
    file = _file(env)
    for path in (file, file.parent):
        mode = path.stat().st_mode & 0o777
        path.chmod(mode | 0o020)
        assert read_kept("kind", "name", env) == b""
        path.chmod(mode)
    if os.geteuid() == 0:
        os.chown(file, 65534, -1)
        assert read_kept("kind", "name", env) == b""
        os.chown(file, 0, -1)
    assert read_kept("kind", "name", env) == b"data"
    file.rename(tmp_path / "away")
    file.symlink_to(tmp_path / "away")
    assert read_kept("kind", "name", env) == b""
    file.unlink()
    os.mkfifo(file, 0o600)
    assert read_kept("kind", "name", env) == b""
    file.unlink()
    file.write_bytes(bytes(MAX_BYTES + 1))
    assert read_kept("kind", "name", env) == b""


def test_where_nothing_can_be_kept_nothing_is(env: dict[str, str], tmp_path: Path) -> None:
    keep("kind", "name", bytes(MAX_BYTES + 1), env)
    assert not [*tmp_path.rglob("name*")]
    (tmp_path / "file").write_text("")
    keep("kind", "name", b"data", {**env, "XDG_STATE_HOME": str(tmp_path / "file")})
    keep("kind", "name", b"data", {**env, "XDG_STATE_HOME": "/proc/nothing"})
