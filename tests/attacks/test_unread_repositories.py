"""What git reads and a run made unreadable is not taken for absent at the next start."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, Account, Nono

pytestmark = [pytest.mark.requires(landlock=2, commands=["git"]), BY_A_USER]

GIT = "git -c user.name=a -c user.email=a@b -c advice.addEmbeddedRepo=false"
DEEP = "a/b/c/d/e/f"
RUN = ("run", "--allow-cwd", "--", "/bin/sh", "-c")


@pytest.fixture
def repository(as_user: Account, project: Path) -> Path:
    """With a repository further down than a search goes, and a work tree outside."""
    make = (
        f"git init -q proj; cd proj; mkdir -p {DEEP}; git init -q {DEEP}\n"
        f"{GIT} -C {DEEP} commit -q --allow-empty -m 0; git add {DEEP} 2>/dev/null\n"
        f"{GIT} commit -qm 0; git worktree add -q ../wt -b other"
    )
    done = as_user("/bin/sh", "-ec", make, cwd=project)
    assert done.returncode == 0, done.stderr
    return project / "proj"


WRITING = {
    ".git/index": f"echo x >{DEEP}/.git/hooks/pre-commit",
    ".git/worktrees": "echo ../.. >.git/worktrees/wt/commondir",
    ".git/worktrees/wt": "echo ../.. >.git/worktrees/wt/commondir",
    ".git/config": "mkdir -p a/hooks && echo x >a/hooks/pre-commit",
}
TOLD = {
    ".git/index": ".git/index: cannot be read",
    ".git/worktrees": ".git/worktrees: names more repositories than are known",
    ".git/worktrees/wt": ".git/worktrees: names more repositories than are known",
    ".git/config": ".git/config: more than is read of git's configuration",
}


@pytest.mark.parametrize("name", WRITING)
def test_it_is_shut_and_told_of(nono: Nono, as_user: Account, repository: Path, name: str) -> None:
    """In a repository below what is opened: in one that is opened itself it is told of."""
    as_user("git", "config", "core.hooksPath", "a/hooks", cwd=repository)
    as_user("chmod", "0", name, cwd=repository)
    opening = "cd proj; chmod 755 .git/index .git/worktrees .git/worktrees/wt"
    done = nono(*RUN, f"{opening}; {WRITING[name]} && echo WON", cwd=repository.parent)
    assert TOLD[name] in nono(*RUN, "true", cwd=repository).stderr
    as_user("chmod", "755", name, cwd=repository)
    assert "WON" not in done.stdout and TOLD[name] in done.stderr, done.stderr
    assert TOLD[name] not in nono(*RUN, "true", cwd=repository).stderr
