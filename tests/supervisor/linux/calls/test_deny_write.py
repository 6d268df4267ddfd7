"""`--deny-write`: reads and programs that are made later are as without it, changes are refused."""

from pathlib import Path

import pytest

from tests.conftest import Account, Nono, program_beside

pytestmark = pytest.mark.requires(landlock=2)

SCRIPT = program_beside(__file__, "deny_write.py")
REFUSED = ("run", "--allow-cwd", "--deny-write", "kept", "--deny-write", "held/inner")


def test_changes_are_refused_and_nothing_else(nono: Nono, as_user: Account, project: Path) -> None:
    for name in ("kept/file", "held/other", "free/file"):
        as_user.file(project / name, "before")
    done = nono(*REFUSED, "--", "/usr/bin/python3", "-c", SCRIPT)
    lines = done.stdout.splitlines()
    assert lines[:3] == [
        "ran what was made later",
        "read before",
        "linked and renamed 3",
    ], done.stderr
    assert len(lines) == 15
    assert [line for line in lines[3:] if not line.endswith(" EPERM")] == []
    assert (project / "kept/file").read_text() == "before"
    assert "denied by flag --deny-write kept" in done.stderr


def test_it_is_said_beforehand(nono: Nono, as_user: Account, project: Path) -> None:
    as_user.file(project / "kept/file", "before")
    dry = nono(*REFUSED, "--dry-run", "--", "true")
    assert f"deny write,create: {project}/kept  [flag --deny-write kept]" in dry.stdout
    assert f"changes decided call by call: {project} " in dry.stdout
    why = ("why", "--allow-cwd", "--deny-write", "kept", "--path", "kept/file", "--op")
    assert nono(*why, "read").returncode == 0
    refused = nono(*why, "write")
    assert refused.returncode == 1 and "--deny-write kept" in refused.stdout
