"""A directory with more files than have a kernel rule each: all in it works as in any other."""

from __future__ import annotations

from pathlib import Path

import pytest

from nono.broker.floor.carve import MAX_FILES
from tests.conftest import BY_A_USER, Account, Nono

pytestmark = pytest.mark.requires(landlock=2)

USE = """
echo written >1 && cat 1 && echo more >>2 && mv 3 three && ln 4 four && rm 5 && ./program
test ! -e 5 && test -e three && cat refused
"""


@BY_A_USER
@pytest.mark.parametrize("options", [(), ("--deny", "refused"), ("--deny", "**/refused")])
def test_it_is_used_as_any(
    nono: Nono, as_user: Account, project: Path, options: tuple[str, ...]
) -> None:
    numbers = f"seq {MAX_FILES + 10} | xargs touch refused"
    assert as_user("/bin/sh", "-ec", numbers, cwd=project).returncode == 0
    as_user.file(project / "program", "#!/bin/sh\necho executed\n", mode=0o755)
    done = nono("run", "--allow-cwd", *options, "--", "sh", "-c", USE)
    assert done.stdout == "written\nexecuted\n", done.stderr
    assert ("not permitted" in done.stderr) == bool(options)
    shown = nono("run", "--allow-cwd", *options, "--dry-run", "--", "true").stdout
    (rules,) = (line for line in shown.splitlines() if line.startswith("enforced by"))
    assert int(rules.split()[-2]) < MAX_FILES
    done = nono("run", "--allow-cwd", *options, "--floor-only", "--", "cat", "1")
    assert done.stdout == "written\n", done.stderr
