"""Somebody dies in the middle: the program, a handler, nono itself."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nono.shims.linux.process import pidfd_open, pidfd_send_signal
from nono.supervisor.linux.processes import descendants
from tests.conftest import Account, Nono, program_beside

pytestmark = pytest.mark.requires(landlock=2)

PYTHON = "/usr/bin/python3"


def test_callers_killed_while_their_calls_are_decided(nono: Nono) -> None:
    script = program_beside(__file__, "killed_callers.py")
    done = nono("run", "--allow-cwd", "--json", "--", PYTHON, "-c", script)
    assert (done.returncode, done.stdout) == (0, "end\n"), done.stderr
    assert '"internal_errors": []' in done.stderr


FAILING = """
import sys
from nono.supervisor.cli import main as cli
from nono.supervisor.linux.calls import handlers
def fail(call, decisions):
    raise RuntimeError("on purpose")
handlers.HANDLERS = {**handlers.HANDLERS, "chmod": fail, "fchmodat": fail}
cli.main(sys.argv[1:])
"""


def test_a_handler_that_raises_denies_its_call(as_user: Account, project: Path) -> None:
    script = """
import os
try:
    os.chmod(".", 0o755)
except OSError as error:
    print(error.strerror)
open("after", "w").close()
"""
    run = ("run", "--allow-cwd", "--", PYTHON, "-c", script)
    done = as_user(as_user.python, "-P", "-c", FAILING, *run, cwd=project)
    assert (done.returncode, done.stdout) == (0, "Permission denied\n"), done.stderr
    assert "on purpose" in done.stderr
    assert "a bug in nono" in done.stderr


RECORDER = program_beside(__file__, "recorder.py")


@contextmanager
def recording(account: Account, project: Path) -> Iterator[subprocess.Popen[bytes]]:
    """nono, running a program and a daemon of its own that write down what they still can."""
    run = ("run", "--allow-cwd", "--", PYTHON, "-c", RECORDER)
    nono = subprocess.Popen(
        [account.python, "-P", "-m", "nono.supervisor", *run],
        cwd=project,
        env=dict(account.environment),
        user=account.uid if account.uid != os.geteuid() else None,
        group=account.gid if account.uid != os.geteuid() else None,
        extra_groups=[] if account.uid != os.geteuid() else None,
    )
    try:
        await_that(lambda: "ok EACCES ok EACCES" in records(project))
        yield nono
    finally:
        nono.kill()
        nono.wait()


def records(project: Path) -> str:
    record = project / "record"
    return record.read_text() if record.exists() else ""


def await_that(condition: object) -> None:
    assert callable(condition)
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def children_of(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(word) for word in found.read_text().split()]


def is_silent(project: Path) -> bool:
    before = records(project)
    time.sleep(0.3)
    return records(project) == before


def test_the_tree_dies_with_nono(as_user: Account, project: Path) -> None:
    with recording(as_user, project) as nono:
        nono.kill()
        nono.wait()
        await_that(lambda: is_silent(project))


def test_without_nono_every_brokered_call_fails(as_user: Account, project: Path) -> None:
    """The init is held up, so that the program outlives nono for a while."""
    with recording(as_user, project) as nono:
        (init,) = children_of(nono.pid)
        os.kill(init, signal.SIGSTOP)
        nono.kill()
        nono.wait()
        try:
            await_that(lambda: "ENOSYS ENOSYS ok ENOSYS" in records(project))
        finally:
            os.kill(init, signal.SIGCONT)
        await_that(lambda: is_silent(project))
    assert not Path("/var/nono-won").exists()


def test_nono_says_that_its_init_was_killed(as_user: Account, project: Path) -> None:
    with recording(as_user, project) as nono:
        (init,) = children_of(nono.pid)
        os.kill(init, signal.SIGKILL)
        assert nono.wait(60) == 128 + signal.SIGKILL
        await_that(lambda: is_silent(project))


def test_what_outlives_nono_and_its_init_has_the_floor(as_user: Account, project: Path) -> None:
    """Both killed, as by the OOM killer: what is left ends only when somebody ends it."""
    with recording(as_user, project) as nono:
        (init,) = children_of(nono.pid)
        left = [pidfd_open(pid) for pid in descendants(init)]
        os.kill(init, signal.SIGSTOP)
        nono.kill()
        nono.wait()
        os.kill(init, signal.SIGKILL)
        try:
            (project / "record").write_text("")
            await_that(lambda: "ENOSYS ENOSYS ok ENOSYS" in records(project))
        finally:
            for each in left:
                with contextlib.suppress(ProcessLookupError):
                    pidfd_send_signal(each, signal.SIGKILL)
                os.close(each)
        await_that(lambda: is_silent(project))
    assert not Path("/var/nono-won").exists()
