"""Work in a directory that is carved around something denied: all as usual, but for that."""

from pathlib import Path

import pytest

from tests.conftest import Account, Nono, program_beside

pytestmark = pytest.mark.requires(landlock=2)

SCRIPT = program_beside(__file__, "carved.py")


def test_everything_but_the_denied_directory_works(
    nono: Nono, as_user: Account, project: Path
) -> None:
    for name in ("main.txt", "gone.txt", "directory/inside", "denied/file"):
        as_user.file(project / name, "before")
    run = ("run", "--allow-cwd", "--deny", "denied", "--json", "--")
    done = nono(*run, "/usr/bin/python3", "-c", SCRIPT)
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert lines[:3] == ["turn 0", "turn 1", "turn 2"]
    assert lines[3] == ("['denied', 'directory', 'gone.txt', 'main.txt', 'renamed'] tu")
    assert "WON" not in done.stdout
    assert len(lines) == 12
