"""git in a work tree and in a submodule, with nothing but the working directory allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Account, Nono

pytestmark = pytest.mark.requires(commands=["git"])

SETUP = """
set -e
git init -q part; git -C part commit -q --allow-empty -m first; git clone -q part cloned
git init -q main; cd main; git commit -q --allow-empty -m first
git submodule add -q ../part sub; git commit -q -m second
git worktree add -q ../tree
for hooks in .git/hooks .git/modules/sub/hooks ../cloned/.git/hooks; do
    printf '#!/bin/sh\necho a hook ran >&2\n' > $hooks/pre-commit; chmod +x $hooks/pre-commit
done
"""
WORK = """
echo text > file; git add file; git commit -q -m inside; git switch -q -c branch
(echo x >> "$(git rev-parse --git-path hooks)/pre-commit") 2>/dev/null && echo changed
git status --short; git log --format=%s -1; git branch --show-current
git config x.y z 2>/dev/null || echo not configured
"""
ENV = {
    **{
        f"GIT_{who}_{what}": "a@x.example"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    },
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "protocol.file.allow",
    "GIT_CONFIG_VALUE_0": "always",
}


def test_git_works_where_its_repository_is_elsewhere(
    as_user: Account, project: Path, nono: Nono
) -> None:
    made = as_user("sh", "-c", SETUP, cwd=project, env=ENV)
    assert made.returncode == 0, made.stderr
    for where in ("tree", "main/sub", "cloned"):
        options = ("--allow-cwd", "--workdir", project / where)
        done = nono("run", "-q", *options, "--", "sh", "-c", WORK, env=ENV)
        assert done.stdout.splitlines() == ["inside", "branch", "not configured"], done.stderr
        assert done.stderr == "a hook ran\n"
        told = as_user("git", "log", "--format=%s", "-1", "branch", cwd=project / where)
        assert told.stdout == "inside\n", told.stderr
