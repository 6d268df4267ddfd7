"""Files that somebody outside replaces during a run, as editors, git and upgrades of nono do."""

import subprocess
from pathlib import Path

import pytest

from tests.conftest import TIMEOUT, Account

pytestmark = pytest.mark.requires(landlock=2)

SCRIPT = """
echo ready; read _
cat top given to-top; echo more >>top; echo more >>given
truncate -s 4 top; cat top given
turn=0; while [ $turn -lt 300 ]; do read _ <top; : >>top; turn=$((turn + 1)); done
cat top denied
"""


@pytest.mark.parametrize("lane", ["python", "compiled", ""])
@pytest.mark.parametrize("preload", ["--preload", "--no-preload"])
def test_what_is_in_the_place_of_a_file_is_as_open_as_that_was(
    as_user: Account, project: Path, lane: str, preload: str
) -> None:
    """Where a directory is carved each file has a rule of its own, and so has one that is named."""
    work, given = as_user.directory(project / "work"), project / "given"
    for path in (given, work / "top", work / "denied", work / "carved/denied"):
        as_user.file(path, "old\n")
    (work / "given").symlink_to(given)
    (work / "to-top").symlink_to("top")
    nono = (as_user.python, "-P", "-m", "nono.supervisor", "run", "--quiet", preload)
    options = ("--allow-cwd", "--deny", "denied", "--deny", "carved/denied", "--read-file", given)
    with subprocess.Popen(
        [*nono, *options, "--", "sh", "-c", SCRIPT],
        cwd=work,
        env={**as_user.environment, "NONO_LANE": lane},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        **as_user.switch,
    ) as process:
        assert process.stdin and process.stdout
        assert process.stdout.readline() == "ready\n"
        for path in (given, work / "top", work / "denied"):
            as_user.file(project / "new", "new\n").rename(path)
        said, errors = process.communicate("\n", timeout=TIMEOUT)
    assert said.split() == [*("new", "new", "new"), *("new", "new"), "new"]
    told = [line.rpartition(": ") for line in errors.splitlines()]
    assert [each[2] for each in told] == ["Permission denied", "Operation not permitted"], errors
    assert "given" in told[0][0]
