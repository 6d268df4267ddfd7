"""A test that leaves something running, or lying about, fails its session."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT
from tests.leftovers import prefix, processes

HOOKS = "from tests.conftest import pytest_configure, pytest_sessionfinish\n"
TIDY = """
import subprocess
def test_it():
    assert subprocess.run(["true"]).returncode == 0
"""
LEAVING = """
import subprocess, tempfile
def test_it():
    subprocess.Popen(["sleep", "61.5"], start_new_session=True, cwd="/")
    tempfile.mkdtemp(prefix="left-by-a-test-", dir={place!r})
"""


def session(place: Path, test: str, **environment: str) -> tuple[int, str]:
    """A session of its own with that test in it: its status, and what it prints."""
    (place / "conftest.py").write_text(HOOKS)
    (place / "test_it.py").write_text(test)
    command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist")
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT), **environment}
    env["NONO_TESTS_LEFT_AFTER"] = "2"
    done = subprocess.run(
        [*command, "-c", os.devnull, "--rootdir", place, place],
        env=env,
        cwd=place,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


def test_nothing_left_is_nothing_said(tmp_path: Path) -> None:
    status, said = session(tmp_path, TIDY)
    assert (status, "left behind" in said) == (0, False), said


def test_a_process_and_a_file_are_told(tmp_path: Path, place: Path) -> None:
    status, said = session(tmp_path, LEAVING.format(place="/var/tmp"), CI="true")
    left = [Path(line[5:]) for line in said.splitlines() if "left-by-a-test-" in line]
    for path in left:
        path.rmdir()
    assert (status, len(left)) == (1, 1), said
    assert "1 passed" in said and "sleep 61.5" in said
    assert not processes("sleep\x0061.5")


@pytest.mark.parametrize("told", ["directory", "environment", "command line"])
def test_what_is_started_for_a_test_is_known(place: Path, told: str) -> None:
    cwd = place if told == "directory" else Path("/")
    env = {"HOME": str(place)} if told == "environment" else {}
    script = f"echo; read x; : {place if told == 'command line' else ''}"
    command = ("/bin/sh", "-c", script)
    with subprocess.Popen(command, cwd=cwd, env=env, stdin=-1, stdout=-1) as process:
        try:
            assert process.stdout and process.stdout.readline() == b"\n"
            assert process.pid in processes(place.name)
        finally:
            process.kill()


def test_a_run_has_a_name_of_its_own(place: Path) -> None:
    assert prefix() == prefix() and place.name.startswith(prefix())
