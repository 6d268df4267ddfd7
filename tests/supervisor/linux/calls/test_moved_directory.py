"""A link in the place of a directory is seen, though the lane knows the way to that for a while."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import TIMEOUT, Account, program_beside

pytestmark = pytest.mark.requires(landlock=2, commands=["gcc"])

PROGRAM = program_beside(__file__, "moved_directory.py")


def test_a_link_in_the_place_of_a_directory(as_user: Account, project: Path) -> None:
    """What it leads to is nono's to open. Made by the program it is seen at once."""
    for name in ("below/inside/file", "below/outside/file", "carved/denied"):
        as_user.file(project / name, "there")
    run = (as_user.python, "-P", "-m", "nono.supervisor", "run", "--no-preload")
    with subprocess.Popen(
        [*run, "--allow-cwd", "--deny", "carved/denied", "--", "/usr/bin/python3", "-c", PROGRAM],
        cwd=project,
        env={**as_user.environment, "NONO_LANE": "compiled"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        **as_user.switch,
    ) as process:
        assert process.stdout and process.stdin
        assert process.stdout.readline() == "by the program: led\n"
        assert process.stdout.readline() == "ready\n"
        os.rename(project / "below/outside", project / "below/away-too")
        os.symlink("../carved", project / "below/outside")
        assert process.communicate("\n", timeout=TIMEOUT)[0] == "by somebody: led\n"
    assert process.returncode == 0
