"""What a pattern refuses where nono can open names and list none: no rule opens it by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, Account, Nono

pytestmark = pytest.mark.requires(landlock=2)

MAKE = """
import os
for _ in range(25):
    os.mkdir("d" * 200)
    os.chdir("d" * 200)
for name in ("other", ".env"):
    with open(name, "w") as file:
        file.write(f"in {name}")
"""
LOOK = """
import os
for _ in range(25):
    os.chdir("d" * 200)
for name in ("other", ".env"):
    try:
        print(open(name).read())
    except OSError as error:
        print(name, error.strerror)
"""
REFUSING = ("run", "--allow-cwd", "--deny", "**/.env")
READ = ("cat", "vault/other", "vault/deeper/.env", "vault/.env")


@BY_A_USER
@pytest.mark.parametrize("mode", [0o311, 0o000])
def test_a_directory_that_may_not_be_listed(
    nono: Nono, as_user: Account, project: Path, mode: int
) -> None:
    """Its owner's: a program may open it for searching meanwhile."""
    for name in ("other", ".env", "deeper/.env"):
        as_user.file(project / "vault" / name, f"in {name}\n")
    as_user.file(project / "beside", "seen\n")
    (project / "vault").chmod(mode)
    done = nono(*REFUSING, "--floor-only", "--", "cat", "beside")
    assert done.stdout == "seen\n", done.stderr
    (project / "vault").chmod(0o311)
    if mode == 0o311:
        done = nono(*REFUSING, "--", *READ)
        assert done.stdout == "in other\n" and done.stderr.count("not permitted") >= 2
        done = nono(*REFUSING, "--", "mv", "vault", "elsewhere")
        assert (project / "vault").is_dir() and done.returncode == 1
    done = nono(*REFUSING, "--floor-only", "--", *READ)
    assert not done.stdout and done.returncode == 1, "the kernel alone would open it"
    (project / "vault").chmod(0o755)


def test_below_a_path_that_is_too_long(nono: Nono, as_user: Account, project: Path) -> None:
    assert as_user("/usr/bin/python3", "-c", MAKE, cwd=project).returncode == 0
    python = ("/usr/bin/python3", "-c", LOOK)
    done = nono(*REFUSING, "--", *python)
    assert done.stdout == "in other\n.env Operation not permitted\n", done.stderr
    done = nono(*REFUSING, "--floor-only", "--", *python)
    assert done.stdout.count("Permission denied") == 2, done.stdout + done.stderr
