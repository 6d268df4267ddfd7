"""The TMPDIR of a run whose nono was killed goes with the next run, and nothing else does."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest

from nono.supervisor.places import TMPDIR_PREFIX
from nono.supervisor.session.abandoned import claim, remove_abandoned


@pytest.fixture
def env(tmp_path: Path) -> Mapping[str, str]:
    return {"HOME": str(tmp_path / "home")}


def made(tmp_path: Path, name: str) -> Path:
    path = tmp_path / f"{TMPDIR_PREFIX}{name}"
    path.mkdir(0o700)
    (path / "file").touch()
    return path


def records(env: Mapping[str, str]) -> Path:
    return Path(env["HOME"]) / ".local/state/nono/running"


def killed_after_claiming(path: Path, env: Mapping[str, str]) -> None:
    child = os.fork()
    if not child:
        claim(str(path), env)
        os.kill(os.getpid(), signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def test_what_a_killed_run_left_is_removed(tmp_path: Path, env: Mapping[str, str]) -> None:
    living, dead = made(tmp_path, "living"), made(tmp_path, "dead")
    own = claim(str(living), env)
    assert own is not None
    killed_after_claiming(dead, env)
    assert stat.S_IMODE(records(env).stat().st_mode) == 0o700
    remove_abandoned(env)
    assert living.exists() and not dead.exists()
    assert os.listdir(records(env)) == [living.name]
    own.end()
    assert os.listdir(records(env)) == []


def test_another_directory_of_that_name_stays(tmp_path: Path, env: Mapping[str, str]) -> None:
    dead, elsewhere = made(tmp_path, "dead"), made(tmp_path, "elsewhere")
    killed_after_claiming(dead, env)
    dead.rename(tmp_path / "moved")
    made(tmp_path, "dead")
    linked = made(tmp_path, "linked")
    killed_after_claiming(linked, env)
    (linked / "file").unlink()
    linked.rmdir()
    linked.symlink_to(elsewhere)
    remove_abandoned(env)
    assert (dead / "file").exists() and (elsewhere / "file").exists() and linked.is_symlink()
    assert os.listdir(records(env)) == []


def test_a_record_that_is_none_opens_nothing(tmp_path: Path, env: Mapping[str, str]) -> None:
    other = tmp_path / "data"
    other.mkdir()
    place = records(env)
    place.mkdir(0o700, parents=True)
    found = other.stat()
    for name, text in (
        ("empty", ""),
        ("odd", "1 2"),
        ("other", f"{found.st_dev} {found.st_ino} {other}"),
        ("relative", f"{found.st_dev} {found.st_ino} {TMPDIR_PREFIX}x"),
    ):
        (place / name).write_text(text)
    (place / "link").symlink_to(place / "other")
    place.chmod(0o777)
    remove_abandoned(env)
    assert len(os.listdir(place)) == 5, "others may have written these"
    place.chmod(0o700)
    remove_abandoned(env)
    assert other.exists() and os.listdir(place) == ["link"]


def test_where_nothing_can_be_written_down(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    nowhere = {"HOME": str(tmp_path / "file")}
    assert claim(str(made(tmp_path, "x")), nowhere) is None
    remove_abandoned(nowhere)
