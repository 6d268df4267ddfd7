"""How many sessions are kept, and which of them."""

from __future__ import annotations

import os
from pathlib import Path

from nono.supervisor.audit.sessions import MAX_SESSIONS, clean_up, create_session


def names(state: Path) -> list[str]:
    return sorted(os.listdir(state / "nono/sessions"))


def test_there_are_never_more_and_the_oldest_go(tmp_path: Path) -> None:
    env = {"XDG_STATE_HOME": str(tmp_path)}
    made = []
    for _ in range(MAX_SESSIONS + 5):
        session = create_session(env)
        made.append(session.name)
        session.close()
        assert names(tmp_path) == made[-MAX_SESSIONS:]
    assert clean_up(env, 20) == MAX_SESSIONS - 20
    assert names(tmp_path) == made[-20:]


def test_one_that_runs_is_not_removed(tmp_path: Path) -> None:
    env = {"XDG_STATE_HOME": str(tmp_path)}
    running = create_session(env)
    for _ in range(MAX_SESSIONS + 1):
        create_session(env).close()
    assert running.name == names(tmp_path)[0]
    running.close()
    create_session(env).close()
    assert running.name not in names(tmp_path)
