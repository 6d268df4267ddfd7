"""Names that differ in case, where the file system takes them for the same."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Account, program_beside

pytestmark = [
    pytest.mark.requires(landlock=2),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts"),
]

FILE_SYSTEM = Path(__file__).parent / "programs" / "folding_fs.py"
PROGRAM = program_beside(__file__, "other_case.py")
SCENE = """
mkdir -p secrets sub/deep .git/hooks otherdir fresh .SSH
for each in secrets/key .env sub/.env sub/deep/.env longname-secret .SSH/id; do
    echo "$1" > $each
done
touch other open.txt .git/hooks/pre-commit
echo "$1" > open.txt
printf '[core]\\n\\tbare = false\\n' > .git/config
"""
DENIED = ("--deny", "Secrets", "--deny", "longname-secret", "--deny", "'**/.env'")
AFTERWARDS = "cat secrets/key .env sub/.env sub/deep/.env longname-secret; ls -A . fresh"


def folded(
    account: Account, project: Path, script: str, *words: str, env: dict[str, str] | None = None
) -> str:
    """What a shell script prints that runs, as the account, where `project` folds case."""
    done = subprocess.run(
        [
            *(sys.executable, FILE_SYSTEM, project, str(account.uid), str(account.gid)),
            *("sh", "-c", f'cd "{project}"\n{SCENE}\n{script}', "sh", *words),
        ],
        cwd="/",
        env={**account.environment, "PROJECT": str(project), **(env or {})},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stdout + done.stderr


def run(account: Account, *flags: str) -> str:
    return " ".join((account.python, "-P", "-m", "nono.supervisor", *flags))


def test_another_spelling_reaches_everything_where_nothing_refuses_it(
    root: Account, place: Path
) -> None:
    project = root.directory(place / "free")
    found = folded(root, project, f"/usr/bin/python3 - $1 <<'END'\n{PROGRAM}\nEND", "mark")
    results = [line.split("\t")[1] for line in found.splitlines() if "\t" in line]
    assert results.count("WON") > 25, found


def test_no_other_spelling_reaches_what_is_refused(as_user: Account, project: Path) -> None:
    mark = secrets.token_hex(8)
    command = run(as_user, "run", "--allow-cwd", *DENIED, "--", "/usr/bin/python3", "-", "$1")
    found = folded(as_user, project, f"{command} <<'END'\n{PROGRAM}\nEND\n{AFTERWARDS}", mark)
    results = dict(line.split("\t") for line in found.splitlines() if "\t" in line)
    won = {name for name, result in results.items() if result == "WON"}
    assert won == {name for name in results if name.startswith("honest")}, found
    assert len(results) > len(won) + 35, found
    assert found.splitlines().count(mark) == 5, found  # each secret, as it was
    assert "bug in nono" not in found, found
    assert "the file system takes it for what is denied by flag --deny" in found, found


def test_what_protects_a_home_folds_as_well(as_user: Account, project: Path) -> None:
    mark = secrets.token_hex(8)
    flags = ("--read", "$PROJECT", "--", "/bin/cat")
    script = f"""
        {run(as_user, "run", *flags)} .ssh/id .Ssh/ID
        {run(as_user, "why", "--read", "$PROJECT", "--path", ".ssh/ID")}
        {run(as_user, "run", "--bypass-protection", ".SSH", *flags)} .SSH/id
    """
    home = {"HOME": str(project)}
    found = folded(as_user, project, script, mark, env=home)
    assert found.splitlines().count(mark) == 1, found  # what the person opened
    assert "\ndenied" in found or found.startswith("denied"), found
