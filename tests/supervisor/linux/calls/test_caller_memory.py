"""Whose memory a path is read from: that of who makes the call, whatever it was before."""

import subprocess
from pathlib import Path

import pytest

from tests.conftest import Account

pytestmark = pytest.mark.requires(landlock=2, commands=["gcc"])

SOURCE = Path(__file__).parent / "programs" / "another_memory.c"


def test_a_program_has_another_memory_than_the_one_before(as_user: Account, project: Path) -> None:
    """Its caller is the same thread. What is made in a carved directory is opened by nono."""
    as_user.file(project / "denied", "x")
    program = project / "program"
    subprocess.run(["gcc", "-static", "-no-pie", "-O1", "-o", program, SOURCE], check=True)
    done = as_user(
        *(as_user.python, "-P", "-m", "nono.supervisor", "run", "--no-preload", "--stats"),
        *("--allow-cwd", "--deny", "denied", "--", str(program)),
        cwd=project,
        env={"NONO_LANE": "compiled"},
    )
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
    assert "performed" in done.stderr
