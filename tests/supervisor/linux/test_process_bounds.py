"""What keeps processes from being made is named, with the number and where it is set."""

from __future__ import annotations

import errno
import os
import resource
from pathlib import Path

import pytest

from nono.supervisor.linux import process_bounds
from nono.supervisor.linux.launch import start
from tests.conftest import Account

pytestmark = pytest.mark.requires(landlock=4)


@pytest.fixture
def cgroup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cgroup of the second version, as this process would see it."""
    own = tmp_path / "user.slice/session"
    own.mkdir(parents=True)
    (tmp_path / "own").write_text("1:name=systemd:/elsewhere\n0::/user.slice/session\n")
    monkeypatch.setattr(process_bounds, "_CGROUPS", str(tmp_path / "own"))
    monkeypatch.setattr(process_bounds, "_MOUNT", str(tmp_path))
    return own


def test_a_bound_of_the_cgroup(cgroup: Path) -> None:
    assert process_bounds.finding().good
    (cgroup / "pids.max").write_text("max\n")
    assert process_bounds.finding().good
    (cgroup.parent / "pids.max").write_text("4\n")
    (cgroup.parent / "pids.current").write_text("3\n")
    found = process_bounds.finding()
    assert not found.good
    assert found.found == f"{cgroup.parent}/pids.max is 4, and 3 are there"
    error = start.failed("fork the program", errno.EAGAIN)
    assert f"fork the program: there may be no more processes: {found.found}" in error.message


def test_the_first_version_of_cgroups(cgroup: Path, tmp_path: Path) -> None:
    (tmp_path / "own").write_text("8:pids:/job\n5:devices:/elsewhere\n")
    (tmp_path / "pids/job").mkdir(parents=True)
    (tmp_path / "pids/job/pids.max").write_text("5\n")
    assert process_bounds.finding().found == f"{tmp_path}/pids/job/pids.max is 5"


@pytest.mark.parametrize(
    ("limit", "value", "said"),
    [
        (resource.RLIMIT_AS, 38_000_000, "memory is bounded: ulimit -v is 37109 KiB"),
        (resource.RLIMIT_NPROC, 3, "ulimit -u is 3, and "),
        (resource.RLIMIT_NOFILE, 12, "Too many open files\nhint: ulimit -n 1024"),
        (resource.RLIMIT_FSIZE, 0, "no private TMPDIR can be made: "),
    ],
)
def test_a_low_limit_is_named(user: Account, limit: int, value: int, said: str) -> None:
    program = (
        f"import resource, sys; resource.setrlimit({int(limit)}, ({value}, {value}));"
        "sys.argv = ['nono', 'run', '--no-audit', '--', 'true'];"
        "from nono.supervisor.cli.main import main; main()"
    )
    done = user(user.python, "-P", "-c", program)
    assert done.returncode == 125, done.stderr
    assert said in done.stderr
    assert done.stderr.count("\n") == 2, done.stderr


def test_the_check_names_low_limits(user: Account) -> None:
    program = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000));"
        "sys.argv = ['nono', 'setup', '--check'];"
        "from nono.supervisor.cli.main import main; main()"
    )
    done = user(user.python, "-P", "-c", program)
    assert done.returncode == 1
    assert "NO  limit: 1000 bytes in a file\n     nono may not start: ulimit -f" in done.stdout


def test_this_machine_has_room() -> None:
    assert process_bounds.finding().good, os.environ
