"""Where the umask takes from the owner, as 177 does, what nono keeps can be looked into."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from nono.supervisor.audit import sessions
from nono.supervisor.audit.sessions import create_session, find_session
from nono.supervisor.places import make_private
from nono.supervisor.session import own_inodes
from nono.supervisor.session.tmpdir import make_tmpdir


@pytest.fixture
def state(tmp_path: Path) -> Iterator[dict[str, str]]:
    before = os.umask(0o177)
    yield {"XDG_STATE_HOME": str(tmp_path / "home/state")}
    os.umask(before)


def _modes(top: Path) -> set[int]:
    return {each.stat().st_mode & 0o777 for each in (top, *top.rglob("*")) if each.is_dir()}


def test_what_is_made(tmp_path: Path, state: dict[str, str]) -> None:
    create_session(state).close()
    make_private(f"{tmp_path}/home/other/place")
    own_inodes._write(f"{tmp_path}/home/another/place/file", b"")
    assert _modes(tmp_path / "home") == {0o700}


def test_a_private_tmpdir(tmp_path: Path, state: dict[str, str]) -> None:
    made = make_tmpdir()
    try:
        assert _modes(Path(made)) == {0o700}
    finally:
        os.rmdir(made)


def test_the_last_session_is_found_behind_one_that_is_closed(
    state: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        create_session(state).close()
    first, last = sessions.find_sessions(state)

    def is_running(path: str) -> bool:
        if path == first:
            raise PermissionError
        return False

    monkeypatch.setattr(sessions, "is_running", is_running)
    assert find_session(state, "last") == last
