"""The fork server in C and the one in Python: a start is the same by either of them."""

import json
import os
from pathlib import Path

import pytest

from nono.shims.linux import launcher
from tests.conftest import BY_A_USER, Account, program_beside
from tests.supervisor.linux.launch.others import OTHERS

pytestmark = pytest.mark.requires(landlock=6, commands=["bash", "gcc"])

BY_SERVER = program_beside(__file__, "by_server.py")
ALIKE = BY_SERVER + program_beside(__file__, "alike.py")
ENDS = BY_SERVER + program_beside(__file__, "ends.py")
BOTH = BY_SERVER + program_beside(__file__, "both_killed.py")
STOPPED = BY_SERVER + program_beside(__file__, "stopped.py")
BOUNDS = BY_SERVER + program_beside(__file__, "bounds.py")
FORKED = BY_SERVER + program_beside(__file__, "forked.py")
CLOSED = program_beside(__file__, "closed.py")
ONE = """
import sys
from nono.shims.linux import launcher
launcher.PROGRAM = sys.argv[1]
from nono.supervisor import Options, make_plan, run
print(run(["true"], make_plan(Options(allow_cwd=True)).policy).returncode)
"""


def test_a_start_is_the_same_by_either(as_user: Account, project: Path) -> None:
    """Streams, signals, capabilities, limits, paths with odd bytes; and every way not to start."""
    found = []
    for server in ("c", "python"):
        directory = as_user.directory(project / "here")
        way = () if server == "c" else (str(project / "none"),)
        done = as_user.host(ALIKE, *way, cwd=directory)
        assert done.returncode == 0, done.stderr
        text, _, servers = done.stdout.rstrip("\n").rpartition("\n")
        assert servers == server
        found.append(json.loads(text))
        directory.rename(project / server)
    assert found[0] == found[1]
    assert found[0]["status"][0] == 7
    assert found[0]["not found"][0] == "CommandError"


@BY_A_USER
@pytest.mark.parametrize("server", ["c", "python"])
def test_inits_and_servers_that_are_killed(as_user: Account, project: Path, server: str) -> None:
    way = () if server == "c" else (str(project / "none"),)
    done = as_user.host(ENDS, *way, cwd=project)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert done.stdout == "the sandbox's init was killed, and every process with it\n"


@BY_A_USER
@pytest.mark.parametrize("server", ["c", "python"])
def test_who_goes_on_without_either_is_told(as_user: Account, project: Path, server: str) -> None:
    way = () if server == "c" else (str(project / "none"),)
    done = as_user.host(BOTH, *way, cwd=project)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert done.stdout.startswith("the sandbox's init was killed, and so was nono's process")


@BY_A_USER
@pytest.mark.parametrize("server", ["c", "python"])
def test_a_server_that_is_stopped(as_user: Account, project: Path, server: str) -> None:
    way = () if server == "c" else (str(project / "none"),)
    done = as_user.host(STOPPED, *way, cwd=project)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert done.stdout == "the fork server cannot be reached: Connection timed out\n0\n"


@pytest.mark.parametrize("server", ["c", "python"])
def test_another_user_and_no_more_processes(
    as_user: Account, user: Account, place: Path, server: str
) -> None:
    """A server keeps no rights that its process gave up; what keeps it from forking is told.

    By the interpreter that either may execute: a server in Python is started with fewer rights.
    """
    way = () if server == "c" else (str(place / "none"),)
    project = as_user.directory(place / f"given-up-{as_user.name}-{server}", 0o777)
    done = as_user(user.python, "-P", "-c", BOUNDS, *way, cwd=project)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    limited = f"{as_user.uid}\ncannot start the sandbox True nono setup --check\n"
    assert done.stdout == ("0\n65534 65534\n" if as_user.uid == 0 else limited)


@BY_A_USER
@pytest.mark.parametrize("server", ["c", "python"])
def test_a_fork_while_a_program_starts(as_user: Account, project: Path, server: str) -> None:
    way = () if server == "c" else (str(project / "none"),)
    done = as_user.host(FORKED, *way, cwd=project)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert done.stdout.splitlines() == ["[]", "0 b'said'", "the server has ended"]


@pytest.mark.lots(kind="streams")
@BY_A_USER
@pytest.mark.parametrize("server", ["c", "python"])
@pytest.mark.parametrize("closed", ["b012", "b12", "a2", "a012"])
def test_a_host_without_streams(as_user: Account, project: Path, server: str, closed: str) -> None:
    """What has their numbers there would be sent to the program: sockets of nono's, even."""
    way = () if server == "c" else (str(project / "none"),)
    done = as_user(as_user.python, "-P", "-c", CLOSED, closed, *way, cwd=project)
    count = len(set(closed) & {"0", "2"})
    assert done.stdout == 2 * (" ".join(["/dev/null"] * count) + "\n"), done.stderr
    assert done.returncode == 0


@BY_A_USER
@pytest.mark.parametrize("other", OTHERS)
def test_where_another_program_stands_there(as_user: Account, project: Path, other: str) -> None:
    """An installation that was half renewed, or copied from another machine: Python serves."""
    path = as_user.file(project / "launcher", OTHERS[other], 0o755)
    done = as_user.host(ONE, str(path), cwd=project)
    assert (done.stdout, done.stderr, done.returncode) == ("0\n", "", 0)


def test_it_was_compiled_at_installation() -> None:
    assert launcher.is_there()
    assert os.stat(launcher.PROGRAM).st_mode & 0o111 == 0o111
