"""In a host program nothing is imported once a program runs that may have put a module there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, Account, program_beside

PROGRAM = program_beside(__file__, "late_imports.py")


@BY_A_USER
@pytest.mark.requires(landlock=1, commands=["curl"])
def test_what_is_imported_after_the_first_program(as_user: Account, project: Path) -> None:
    as_user.file(project.parent / "elsewhere", "here")
    as_user.file(project / "secret", "here")
    done = as_user(as_user.python, "-P", "-c", PROGRAM, cwd=project)
    assert done.returncode == 0, done.stderr
    late = [line for line in done.stdout.splitlines() if line.startswith("LATE")]
    assert late == ["LATE plain", "LATE waiting", "LATE hosts", "LATE proxy"]
    assert done.stdout.count("True True") == 4
