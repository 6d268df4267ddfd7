"""Making the directory of a run's own caches, whatever is in its place."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from nono.broker.caches import files, made
from nono.supervisor.errors import StartError
from nono.supervisor.session.caches_directory import make_caches


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_it_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    root = tmp_path / "cache/nono/caches"
    before = os.umask(0)
    try:
        make_caches(str(root), "agent")
    finally:
        os.umask(before)
    assert [mode(path) for path in (root.parent, root, root / "agent")] == [0o700] * 3
    assert all((root / "agent" / place).is_dir() for place in made())
    assert all((root / "agent" / file).read_text() == "" for file in files())
    (root / "agent" / files()[0]).write_text("settings")
    (root / "agent/kept").write_text("x")
    make_caches(str(root), "agent")
    assert (root / "agent/kept").read_text() == "x"
    assert (root / "agent" / files()[0]).read_text() == "settings"


def test_a_mode_that_a_program_has_set_is_set_back(tmp_path: Path) -> None:
    root = tmp_path / "cache/nono/caches"
    make_caches(str(root), "agent")
    for wrong in (0o000, 0o777):
        (root / "agent").chmod(wrong)
        make_caches(str(root), "agent")
        assert mode(root / "agent") == 0o700


@pytest.mark.parametrize("what", ["link", "dangling", "file", "fifo"])
def test_what_is_no_directory_is_removed(tmp_path: Path, what: str) -> None:
    root, outside = tmp_path / "cache/nono/caches", tmp_path / "outside"
    root.mkdir(parents=True)
    outside.mkdir()
    place = root / "agent"
    if what == "file":
        place.write_text("x")
    elif what == "fifo":
        os.mkfifo(place)
    else:
        place.symlink_to(outside if what == "link" else tmp_path / "nowhere")
    make_caches(str(root), "agent")
    assert stat.S_ISDIR(place.lstat().st_mode)
    assert os.listdir(outside) == []
    assert not (tmp_path / "nowhere").exists()


def test_nothing_is_made_where_a_link_inside_leads(tmp_path: Path) -> None:
    root, outside = tmp_path / "cache/nono/caches", tmp_path / "outside"
    (root / "agent").mkdir(parents=True)
    outside.mkdir()
    for place in (*made(), *files()):
        (root / "agent" / place.split("/")[0]).symlink_to(outside)
    make_caches(str(root), "agent")
    assert os.listdir(outside) == []


@pytest.mark.parametrize("place", ["nono", "nono/caches"])
def test_a_link_above_is_not_followed(tmp_path: Path, place: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "cache" / place).parent.mkdir(parents=True)
    (tmp_path / "cache" / place).symlink_to(outside)
    with pytest.raises(StartError, match="cannot be made"):
        make_caches(str(tmp_path / "cache/nono/caches"), "agent")
    assert os.listdir(outside) == []


def test_a_directory_of_somebody_else_s_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "cache/nono/caches"
    make_caches(str(root), "agent")
    other = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: other)
    with pytest.raises(StartError):
        make_caches(str(root), "agent")


def test_a_file_in_the_place_of_a_directory_is_what_the_hint_looks_at(tmp_path: Path) -> None:
    (tmp_path / "a file").touch()
    with pytest.raises(StartError) as found:
        make_caches(f"{tmp_path}/a file/nono/caches", "agent")
    assert found.value.hint == f"ls -ld '{tmp_path}/a file'"
