"""A kernel with an older Landlock: what it lacks is held by the broker, and works as elsewhere."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from nono.supervisor.linux.confine import weaker
from tests.conftest import Account, Nono, program_beside
from tests.older_kernel import older_landlock

pytestmark = pytest.mark.requires(landlock=2)

SCRIPT = program_beside(__file__, "older_landlock.py")
EXPECTED = {
    "kill": "SIGTERM",
    "tkill of a process": "SIGTERM",
    "pidfd": "SIGTERM",
    "queued": "SIGTERM",
    "raise": "1",
    "self": "1",
    "tkill": "1",
    "thread": "True",
    "group": "('SIGTERM', b'', True)",
    "own group": "SIGTERM",
    "everybody": "['SIGTERM', 'SIGTERM', 'SIGTERM']",
    "asynchronous": "1",
    "truncated": "4",
    "emptied": "0",
    "shortened": "3",
    "in memory": "7",
    "unix": "True",
    "outside: kill": "Operation not permitted",
    "outside: group": "Operation not permitted",
    "outside: owner": "Operation not permitted",
    "nobody: kill": "No such process",
    "nobody: group": "No such process",
    "no signal": "Operation not permitted",  # the sandbox's init
}


@pytest.fixture
def bystander(as_user: Account) -> Iterator[int]:
    """A process outside of the same user, in a group of its own."""
    switch = as_user.uid if os.geteuid() != as_user.uid else None
    process = subprocess.Popen(["/usr/bin/sleep", "600"], user=switch, start_new_session=True)
    yield process.pid
    assert process.poll() is None
    process.kill()
    process.wait()


@pytest.mark.parametrize("abi", [2, pytest.param(5, marks=pytest.mark.requires(landlock=5))])
def test_all_works_as_on_a_newer_kernel(
    as_user: Account, project: Path, bystander: int, abi: int
) -> None:
    env = older_landlock(as_user.directory(project.parent / "startup"), abi)
    script = ("/usr/bin/python3", "-c", SCRIPT, str(bystander))
    nono = (as_user.python, "-P", "-m", "nono.supervisor")
    done = as_user(*nono, "run", "--allow-cwd", "--json", "--", *script, cwd=project, env=env)
    assert done.returncode == 0, done.stderr
    lines = dict(line.split("\t", 1) for line in done.stdout.splitlines())
    assert lines == EXPECTED, done.stderr
    notes = [line for line in done.stderr.splitlines() if "Landlock" in line]
    assert len(notes) == 1, done.stderr
    assert f"ABI {abi}" in notes[0]


def test_what_the_broker_cannot_hold_is_refused(
    nono: Nono, as_user: Account, project: Path
) -> None:
    directory = as_user.directory(project.parent / "startup")
    floor_only, two = ("run", "--floor-only"), older_landlock(directory, 2)
    done = nono(*floor_only, "--", "true", env=two)
    assert done.returncode == 125
    assert "signals and abstract unix sockets" in done.stderr
    done = nono(*floor_only, "--best-effort", "--", "true", env=two)
    assert done.returncode == 0, done.stderr
    done = nono("run", "--", "true", env=older_landlock(directory, 1))
    assert done.returncode == 125
    assert "ABI 1" in done.stderr
    assert "--best-effort" in done.stderr


def test_learning_and_checking_are_as_running(nono: Nono, as_user: Account, project: Path) -> None:
    env = older_landlock(as_user.directory(project.parent / "startup"), 2)
    learned = nono("learn", "--allow-cwd", "--", "true", env=env)
    assert learned.returncode == 0, learned.stderr
    checked = nono("setup", "--check", env=env)
    of_limits = [line for line in checked.stdout.splitlines() if "which only looks" in line]
    assert checked.stdout.count("--best-effort") == len(of_limits)
    assert "ok  Landlock ABI: 2" in checked.stdout


@pytest.mark.parametrize(
    ("abi", "kept", "is_ioctl_open"),
    [
        (2, "truncation, TCP ports, signals", True),
        (3, "TCP ports, signals", True),
        (4, "signals", True),
        (5, "signals", False),
    ],
)
def test_one_line_says_what_is_weaker(abi: int, kept: str, is_ioctl_open: bool) -> None:
    assert f": {kept} are kept" in weaker(abi)
    assert ("ioctl" in weaker(abi)) == is_ioctl_open


def test_without_the_broker_more_is_lost() -> None:
    assert "cannot refuse: truncating" in weaker(2, broker=False)
    assert "cannot refuse: " in weaker(1)


def test_nothing_is_weaker_on_a_newer_kernel() -> None:
    assert [weaker(abi) for abi in (6, 7, 11)] == [""] * 3
