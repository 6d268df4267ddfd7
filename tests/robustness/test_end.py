"""Signals sent to nono alone reach the program; with it, everything that it started ends."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, Account, Nono, program_beside

pytestmark = [pytest.mark.requires(landlock=2), BY_A_USER]

COUNTER = program_beside(__file__, "counter.py")
SIGNALS = ["SIGWINCH", "SIGUSR1", "SIGUSR2", "SIGHUP", "SIGINT", "SIGTERM", "SIGQUIT"]


def start(account: Account, project: Path, *command: str) -> subprocess.Popen[bytes]:
    switch = account.uid != os.geteuid()
    return subprocess.Popen(
        [account.python, "-P", "-m", "nono.supervisor", "run", "--allow-cwd", "--", *command],
        cwd=project,
        env=dict(account.environment),
        user=account.uid if switch else None,
        group=account.gid if switch else None,
        extra_groups=[] if switch else None,
        start_new_session=True,
    )


def await_file(path: Path) -> None:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_each_signal_reaches_the_program_once(as_user: Account, project: Path) -> None:
    nono = start(as_user, project, "/usr/bin/python3", "-c", COUNTER)
    try:
        await_file(project / "ready")
        for name in SIGNALS:
            nono.send_signal(getattr(signal, name))
            time.sleep(0.05)  # the order in which two pending signals are taken is not theirs
        assert nono.wait(30) == 0
    finally:
        nono.kill()
        nono.wait()
    assert (project / "seen").read_text().split() == SIGNALS


def test_a_signal_that_ends_the_program_ends_nono(as_user: Account, project: Path) -> None:
    nono = start(as_user, project, "sh", "-c", ": > ready; exec sleep 60")
    await_file(project / "ready")
    nono.terminate()
    assert nono.wait(30) == -signal.SIGTERM


DAEMONS = program_beside(__file__, "daemons.py")


def test_daemons_and_orphans_end_with_the_program(nono: Nono, project: Path) -> None:
    done = nono("run", "--allow-cwd", "--", "/usr/bin/python3", "-c", DAEMONS)
    assert done.returncode == 5
    sizes = [(project / name).stat().st_size for name in ("one", "two", "child")]
    time.sleep(0.3)
    assert sizes == [(project / name).stat().st_size for name in ("one", "two", "child")]


def test_the_temporary_directory_ends_too(nono: Nono) -> None:
    script = 'mkdir -p "$TMPDIR/a/b"; : > "$TMPDIR/a/b/c"; chmod 0 "$TMPDIR/a"; echo "$TMPDIR"'
    done = nono("run", "--", "sh", "-c", script)
    assert done.stdout.startswith("/tmp/nono-")
    assert not os.path.lexists(done.stdout.strip())


def test_a_closed_pipe_ends_as_outside(as_user: Account) -> None:
    """SIGPIPE is not ignored inside, and nothing holds the pipe open."""
    nono = f"{as_user.python} -P -m nono.supervisor run --allow-cwd --"
    where = as_user.directory(as_user.home / "pipes")
    done = as_user("bash", "-c", f"{nono} yes | head -1; echo ${{PIPESTATUS[0]}}", cwd=where)
    assert done.stdout == "y\n141\n"
    middle = as_user("bash", "-c", f"printf 'b\\na\\n' | {nono} sort | tr a-z A-Z", cwd=where)
    assert middle.stdout == "A\nB\n"
