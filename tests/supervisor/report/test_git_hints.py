"""git whose directory lies outside of what is opened: one hint, and with it git works."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Account, Nono

pytestmark = pytest.mark.requires(landlock=3, commands=["git"])

GIT = "git -c user.name=A -c user.email=a@example.org -c protocol.file.allow=always"


@pytest.fixture
def project_with_all(as_user: Account, project: Path) -> Path:
    """A repository with a directory, a submodule and a linked work tree."""
    library = as_user.directory(project.parent / f"{project.name}-library")
    script = (
        f"git init -q {library}; {GIT} -C {library} commit -q --allow-empty -m one;"
        f" git init -q .; mkdir sub; echo x > sub/f; git add .; {GIT} commit -qm first;"
        f" {GIT} submodule --quiet add {library} lib; git worktree add -q tree"
    )
    done = as_user("/bin/sh", "-ec", script, cwd=project)
    assert done.returncode == 0, done.stderr
    return project


WHERE = {"sub": ".git", "tree": ".git", "lib": ".git/modules/lib"}


@pytest.mark.parametrize("inside", WHERE)
def test_one_hint_and_git_works(nono: Nono, project_with_all: Path, inside: str) -> None:
    place, directory = project_with_all / inside, project_with_all / WHERE[inside]
    command = ("--allow-cwd", "--", "git", "log", "--format=%s")
    refused = nono("run", *command, cwd=place)
    hints = [
        line.partition("  hint: ")[2] for line in refused.stderr.splitlines() if "hint" in line
    ]
    assert refused.returncode != 0 and hints == [f"--read {directory}"], refused.stderr
    done = nono("run", "--read", directory, *command, cwd=place)
    assert (done.returncode, done.stdout) == (0, "one\n" if inside == "lib" else "first\n")
    assert "hint" not in done.stderr, done.stderr
