"""A run that needs a control group goes on in a scope, by a stand-in for systemd-run."""

import json
from pathlib import Path

import pytest

from tests.conftest import Account

pytestmark = pytest.mark.requires(landlock=2)

IN_SCOPE = """
import sys
import nono.supervisor.linux.limits.scope as scope
scope.PLACES, scope.BOOTED = ("/nowhere", {program!r}), "/"
scope.could_be_found = lambda wanted: None
from nono.supervisor.cli.main import main
main(sys.argv[1:])
"""
SYSTEMD_RUN = """#!/bin/sh
echo "$$ $*" | head -n 1 >> {log}
while [ "$1" != -- ]; do shift; done
shift
{then}
"""
COMMAND = "env | grep NONO_; echo out; cat; exit 7"


@pytest.fixture
def here(as_user: Account) -> Path:
    """Where a program may write, and no sandbox may."""
    return as_user.directory(as_user.home / "systemd")


@pytest.mark.parametrize("works", [True, False])
def test_a_run_goes_on_in_a_scope(as_user: Account, here: Path, works: bool) -> None:
    """The same process with the same words and descriptors, once; or here, where there is none."""
    program, log, report = (here / each for each in ("systemd-run", "log", "report"))
    log.unlink(missing_ok=True)
    then = 'exec "$@"' if works else "exit 1"
    as_user.file(program, SYSTEMD_RUN.format(log=log, then=then)).chmod(0o755)
    text = IN_SCOPE.format(program=str(program))
    limits = ("--best-effort", "--memory", "200M", "--report", "3", "--workdir", str(here))
    words = ("run", *limits, "--", "sh", "-c", COMMAND)
    shell = 'echo $$; exec "$@" 3> report <<< in'
    python = (as_user.python, "-P", "-c", text)
    done = as_user("bash", "-c", shell, "bash", *python, *words, cwd=here)
    assert done.returncode == 7, done.stderr
    pid, *printed = done.stdout.splitlines()
    assert printed == ["out", "in"], "the variable that says so is for nono alone"
    assert json.loads(report.read_text())["returncode"] == 7
    tries = [line.split(" ", 1) for line in log.read_text().splitlines()]
    user = "--user " if as_user.uid else ""
    asked = f"{user}--scope --quiet --collect --no-ask-password -p Delegate=yes -- "
    assert all(said.startswith(asked) for _, said in tries)
    assert tries[0][1].removeprefix(asked) == "/bin/true"
    assert len(tries) == (2 if works else 1)
    if works:
        assert tries[1][0] == pid, "it is the process that was started"


def test_nobody_is_asked_without_need(as_user: Account, here: Path) -> None:
    """What nono holds by itself takes no scope, nor does a look at the plan."""
    program, log = here / "systemd-run", here / "log"
    log.unlink(missing_ok=True)
    as_user.file(program, SYSTEMD_RUN.format(log=log, then='exec "$@"')).chmod(0o755)
    python = (as_user.python, "-P", "-c", IN_SCOPE.format(program=str(program)))
    held = ("--max-processes", "50", "--max-open-files", "99", "--timeout", "1m")
    assert as_user(*python, "run", *held, "--", "true", cwd=here).returncode == 0
    shown = as_user(*python, "run", "--memory", "1G", "--dry-run", "--", "true", cwd=here)
    assert shown.returncode == 0 and not log.exists()
