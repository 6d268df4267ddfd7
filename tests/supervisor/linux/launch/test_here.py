"""`nono run` by the program in C and by a fork of Python: a start is the same by either of them."""

import json
from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, Account, program_beside
from tests.supervisor.linux.launch.others import OTHERS

pytestmark = pytest.mark.requires(landlock=6, commands=["bash", "gcc"])

RUNS = program_beside(__file__, "runs.py")
INIT = program_beside(__file__, "init_of_run.py")
ONE = """
import sys
from nono.shims.linux import launcher
launcher.PROGRAM = sys.argv[1]
from nono.supervisor.cli.main import main
main(["run", "-q", "--", "sh", "-c", "exit 7"])
"""
WAYS = {"c": {"NONO_LAUNCHER": "yes"}, "python": {"NONO_LAUNCHER": "no"}}


def test_a_start_is_the_same_by_either(as_user: Account, project: Path) -> None:
    """Streams, signals, groups, capabilities, limits, odd bytes; and every way not to start."""
    found = []
    for way, switch in WAYS.items():
        directory = as_user.directory(project / "here")
        done = as_user.host(RUNS, cwd=directory, env=switch, has_command=True)
        assert done.returncode == 0, done.stderr
        found.append(json.loads(done.stdout))
        directory.rename(project / way)
    assert found[0] == found[1]
    assert found[0]["status"][0] == 7
    assert found[0]["not found"][0] == 127


@BY_A_USER
@pytest.mark.parametrize("way", WAYS)
def test_what_the_init_is(as_user: Account, project: Path, way: str) -> None:
    """Of the program in C it is all that there is; neither can be looked into."""
    done = as_user.host(INIT, cwd=project, env=WAYS[way], has_command=True)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    words, threads, no_new_privs, is_closed = done.stdout.split("|")
    assert words.startswith("nono-init ") == (way == "c")
    assert (threads, no_new_privs, is_closed) == ("1", "1", "True\n")


@BY_A_USER
@pytest.mark.parametrize("other", OTHERS)
def test_where_another_program_stands_there(as_user: Account, project: Path, other: str) -> None:
    path = as_user.file(project / "launcher", OTHERS[other], 0o755)
    done = as_user.host(ONE, str(path), cwd=project, has_command=True)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 7)


def test_where_it_may_not_be_executed(as_user: Account, project: Path) -> None:
    path = as_user.file(project / "launcher", "#!/bin/sh\n", 0o644)
    done = as_user.host(ONE, str(path), cwd=project, has_command=True)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 7)
