"""What runs by itself later is opened by hints that look alike, and each works when pasted."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, Account, Nono

pytestmark = [pytest.mark.requires(landlock=2, commands=["git"]), BY_A_USER]

WRITES = "mkdir .vscode; echo x > .envrc; echo x > .git/hooks/pre-commit; echo x >> ~/.bashrc"


def test_they_are_absolute_and_also_for_a_directory(
    nono: Nono, as_user: Account, project: Path
) -> None:
    as_user("git", "init", "-q", ".", cwd=project)
    as_user.file(as_user.home / ".bashrc", "\n")
    places = [
        *(f"{project}/{name}" for name in (".vscode", ".envrc", ".git/hooks/pre-commit")),
        f"{as_user.home}/.bashrc",
    ]

    def fixes(*flags: str) -> list[list[str]]:
        done = nono("run", "--json", "--no-audit", "--allow-cwd", *flags, "--", "sh", "-c", WRITES)
        return [each["fix"] for each in json.loads(done.stderr.splitlines()[-1])["denials"]]

    found = fixes()
    assert [fix[:2] for fix in found] == [["--bypass-protection", place] for place in places]
    assert found[-1][2:] == ["--write-file", places[-1]]
    assert all(shlex.quote(word) == word for fix in found for word in fix)
    assert fixes(*(word for fix in found for word in fix)) == []
    assert (project / ".vscode").is_dir() and (project / ".git/hooks/pre-commit").is_file()
