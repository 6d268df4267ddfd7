"""Names that a pattern denies and that come to be while a program runs."""

from __future__ import annotations

import contextlib
import threading
import time
from pathlib import Path

import pytest

from tests.conftest import Account, Nono, program_beside

pytestmark = pytest.mark.requires(landlock=2)

RACE = program_beside(__file__, "race_denied_names.py")


def test_no_race_reaches_what_appears_later(nono: Nono, as_user: Account, project: Path) -> None:
    """The files are made by somebody outside, after the start."""
    as_user.file(project / "sub/inner/x", "x")
    text, stop = "made later", threading.Event()

    def appear() -> None:
        time.sleep(1.5)
        for place in ("sub", "sub/inner", "moved"):
            if not stop.is_set() and (project / place).is_dir():
                with contextlib.suppress(FileNotFoundError):  # moved meanwhile
                    as_user.file(project / place / ".env", text)

    outsider = threading.Thread(target=appear)
    outsider.start()
    done = nono("run", "--allow-cwd", "--deny", "**/.env", "--", "/usr/bin/python3", "-c", RACE)
    stop.set()
    outsider.join()
    assert done.returncode == 0 and "tries" in done.stdout, done.stderr
    assert "WON" not in done.stdout, done.stdout[:500]
    assert (project / "sub/.env").read_text() == text
