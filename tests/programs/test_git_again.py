"""`git init` in a repository that is there, which agents do all the time, changes nothing in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Account, Nono

pytestmark = pytest.mark.requires(landlock=2, commands=["git"])

TRIALS = """
import os
for name, mode in (
    *((".git/config", mode) for mode in (0o744, 0o644, 0o600, 0o777, 0o645, 0o4644, 0)),
    ("hooks/config", 0o744),
):
    try:
        os.chmod(name, mode)
        print(name, oct(mode))
    except PermissionError:
        pass
"""


@pytest.fixture
def repository(as_user: Account, project: Path) -> Path:
    assert as_user("git", "init", "-q", cwd=project).returncode == 0
    as_user.directory(project / "hooks")
    as_user.file(project / "hooks/config", "#!/bin/sh\n")
    assert as_user("git", "config", "core.hooksPath", "hooks", cwd=project).returncode == 0
    return project


def test_modes_go_on_to_count(nono: Nono, as_user: Account, repository: Path) -> None:
    before = (repository / ".git/config").read_text()
    done = nono("run", "--allow-cwd", "--", "git", "init", "-q")
    assert (done.returncode, done.stderr) == (0, "")
    assert "filemode = true" in before and (repository / ".git/config").read_text() == before


def test_that_its_owner_may_execute_it_is_all_that_changes(nono: Nono, repository: Path) -> None:
    (repository / ".git/config").chmod(0o644)
    command = ("/usr/bin/python3", "-c", TRIALS)
    done = nono("run", "--allow-cwd", "--quiet", "--", *command)
    assert done.stdout.splitlines() == [".git/config 0o744", ".git/config 0o644"]


def test_a_refusal_by_a_person_holds(nono: Nono, repository: Path) -> None:
    done = nono("run", "--read", ".", "--", "chmod", "u+x", ".git/config")
    assert done.returncode == 1 and "refused" in done.stderr
