"""git whose directory lies outside of what is opened: at most one hint, and with it git works."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, Account, Nono

pytestmark = [pytest.mark.requires(landlock=2, commands=["git"]), BY_A_USER]

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


COMMAND = ("--allow-cwd", "--", "git", "log", "--format=%s")


def test_one_hint_and_git_works(nono: Nono, project_with_all: Path) -> None:
    place, directory = project_with_all / "sub", project_with_all / ".git"
    refused = nono("run", *COMMAND, cwd=place)
    hints = [
        line.partition("  hint: ")[2] for line in refused.stderr.splitlines() if "hint" in line
    ]
    assert refused.returncode != 0 and hints == [f"--read {directory}"], refused.stderr
    done = nono("run", "--read", directory, *COMMAND, cwd=place)
    assert (done.returncode, done.stdout) == (0, "first\n")
    assert "hint" not in done.stderr, done.stderr


@pytest.mark.parametrize(("inside", "said"), [("tree", "first\n"), ("lib", "one\n")])
def test_a_work_tree_and_a_submodule_need_none(
    nono: Nono, project_with_all: Path, inside: str, said: str
) -> None:
    done = nono("run", *COMMAND, cwd=project_with_all / inside)
    assert (done.returncode, done.stdout, done.stderr) == (0, said, "")


def test_a_work_tree_of_before_is_removed_outside(nono: Nono, project_with_all: Path) -> None:
    """One hint would lead to the next, and each would take something away."""
    command = ("--allow-cwd", "--", "git", "worktree", "remove", "tree")
    done = nono("run", *command, cwd=project_with_all)
    assert done.returncode != 0
    assert "hint" not in done.stderr and "removed outside: git worktree" in done.stderr, done.stderr


def test_a_remote_in_another_directory_is_one_hint_for_reading_and_one_for_writing(
    nono: Nono, as_user: Account, project_with_all: Path
) -> None:
    remote = project_with_all.parent / f"{project_with_all.name}-remote"
    assert as_user("git", "init", "-q", "--bare", remote).returncode == 0

    def hints(*flags: str | Path, git: str) -> list[str]:
        done = nono("run", "--allow-cwd", *flags, "--", "git", *git.split())
        return [
            line.partition("  hint: ")[2]
            for line in done.stderr.splitlines()
            if line.startswith("  ") and "  hint: " in line
        ]

    push = f"push -q {remote} HEAD:main"
    assert hints(git=push) == [f"--read {remote}"]
    assert hints("--read", remote, git=push) == [f"--allow {remote}"]
    assert hints("--allow", remote, git=push) == []
    # git tries hard links first, and copies.
    assert hints("--read", remote, git=f"clone -q {remote} copy") == []
    assert (project_with_all / "copy/.git").is_dir()
    done = nono("run", "--allow-cwd", "--", "git", "remote", "add", "x", "y")
    assert "remote.x.url" in done.stderr and "hooks of a repository" in done.stderr
