"""A run by `nono warm` ends with its caller, its nono and `nono warm`, and by the same signals."""

import os
import pty
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, TIMEOUT
from tests.supervisor.linux.warm.conftest import Warm

pytestmark = [pytest.mark.requires(landlock=2), BY_A_USER]

WAITS = 'echo $$ "$(cut -d\\  -f4 /proc/$$/stat)"; exec sleep 300'
"""Tells of itself and of the sandbox's init, and stays."""


IGNORES = """
import os, signal, sys
for number in (signal.SIGCHLD, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
os.execvp(sys.argv[1], sys.argv[1:])
"""


def eventually(what: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + TIMEOUT
    while not what():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def is_gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state in "ZX"


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


class Running:
    """A run that waits."""

    def __init__(self, warm: Warm, by: str = "required", script: str = WAITS) -> None:
        self.client = warm.popen("run", "--", "sh", "-c", script, warm=by)
        assert self.client.stdout is not None
        line = self.client.stdout.readline()
        self.program, init = map(int, line.split())
        self.nono = parent_of(init)
        self.everything = (self.program, init, self.nono)

    def end(self) -> tuple[int, str]:
        """How its caller ended, once nothing of it is left; and what was said on stderr."""
        _, said = self.client.communicate(timeout=TIMEOUT)
        assert eventually(lambda: all(map(is_gone, self.everything)))
        return self.client.returncode, said


def test_the_caller_is_killed(warm: Warm) -> None:
    running = Running(warm)
    assert warm.process is not None
    assert parent_of(running.nono) == warm.process.pid
    running.client.kill()
    assert running.end()[0] == -signal.SIGKILL


def test_the_group_of_the_caller_is_killed(warm: Warm) -> None:
    running = Running(warm)
    os.killpg(running.client.pid, signal.SIGKILL)
    assert running.end()[0] == -signal.SIGKILL


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_without_its_witness_the_caller_still_hears(warm: Warm, number: signal.Signals) -> None:
    """Who ends a tree of processes begins with those below."""
    running = Running(warm)
    children = Path(f"/proc/{running.client.pid}/task/{running.client.pid}/children")
    (witness,) = map(int, children.read_text().split())
    os.kill(witness, number)
    running.client.terminate()
    assert running.end()[0] == -signal.SIGTERM


def test_its_nono_is_killed(warm: Warm) -> None:
    """As an ordinary nono that is killed: the caller ends by the signal."""
    running = Running(warm)
    os.kill(running.nono, signal.SIGKILL)
    assert running.end()[0] == -signal.SIGKILL


def test_nono_warm_is_killed(own: Warm) -> None:
    running, other = Running(own), Running(own)
    assert own.process is not None
    own.process.kill()
    for each in (running, other):
        code, said = each.end()
        assert code == 137
        assert "nono warm is gone" in said
    own.process.communicate()
    own.process = None
    # What it has left behind is in nobody's way.
    done = own("run", "-v", "--", "echo", "x", warm="1")
    assert (done.returncode, done.stdout) == (0, "x\n")
    assert "an ordinary start: no nono warm of this user's is there" in done.stderr
    own.start()
    assert own("run", "--", "echo", "again").stdout == "again\n"


SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1]
CATCHES = """
trap 'sleep 0.3; echo program; exit 9' INT TERM HUP QUIT USR1
echo $$ "$(cut -d\\  -f4 /proc/$$/stat)"
(trap 'echo below; exit' INT TERM HUP QUIT USR1; echo ready; while :; do sleep 0.05; done) &
while :; do sleep 0.05; done
"""


@pytest.mark.lots(kind="signal")
@pytest.mark.parametrize("to_group", [True, False])
@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_does_what_it_does_to_an_ordinary_run(
    warm: Warm, number: signal.Signals, to_group: bool
) -> None:
    """One to the group reaches what the program has started, one to nono alone does not."""
    found = []
    for by in ("required", ""):
        running = Running(warm, by, CATCHES)
        assert running.client.stdout is not None
        assert running.client.stdout.readline() == "ready\n"
        (os.killpg if to_group else os.kill)(running.client.pid, number)
        out, _ = running.client.communicate(timeout=TIMEOUT)
        found.append((running.client.returncode, sorted(out.split())))
    assert found[0] == found[1]
    assert found[0][0] == 9


def test_a_second_termination_kills_and_that_of_timeout_is_one(warm: Warm) -> None:
    """timeout(1) sends one to its child and one to the group."""
    found = []
    for by in ("required", ""):
        warm.command, before = ("timeout", "2", *warm.command), warm.command
        done = warm("run", "--", "sh", "-c", "trap 'sleep 0.3; echo t; exit' TERM; sleep 9 & wait",
                    warm=by)  # fmt: skip
        warm.command = before
        found.append(done)
    assert found[0] == found[1]
    running = Running(warm, script=f"trap '' TERM; {WAITS}")
    running.client.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    running.client.send_signal(signal.SIGTERM)
    assert running.end()[0] == -signal.SIGTERM


def test_it_ends_when_nothing_is_asked(unstarted: Warm) -> None:
    unstarted.start("--idle", "0.5")
    assert unstarted.process is not None
    assert unstarted.process.wait(TIMEOUT) == 0
    assert not unstarted.socket.exists()
    unstarted.process.communicate()
    unstarted.process = None


def test_signals_that_it_was_started_without(unstarted: Warm) -> None:
    """By nohup(1), and by what ignores SIGCHLD: execve(2) leaves both ignored."""
    before = unstarted.command
    unstarted.command = (unstarted.account.python, "-c", IGNORES, *before)
    pid = unstarted.start()
    unstarted.command = before
    running = Running(unstarted)
    assert unstarted("run", "--", "sh", "-c", "exit 4").returncode == 4
    os.kill(pid, signal.SIGHUP)
    assert unstarted("run", "--", "sh", "-c", "exit 5").returncode == 5
    assert not is_gone(running.program)
    running.client.terminate()
    assert running.end()[0] == -signal.SIGTERM


def test_a_signal_ends_it_and_removes_its_socket(own: Warm) -> None:
    assert own.process is not None
    assert own.socket.exists()
    own.process.terminate()
    assert own.process.wait(TIMEOUT) == -signal.SIGTERM
    assert not own.socket.exists()


def test_one_at_a_time(warm: Warm) -> None:
    done = warm("warm", warm="")
    assert done.returncode == 2
    assert "another nono warm" in done.stderr
    assert warm.process is not None and f"hint: kill {warm.process.pid}\n" in done.stderr
    assert warm("run", "--", "true").returncode == 0


def test_a_terminal_makes_an_ordinary_start(warm: Warm) -> None:
    ours, theirs = pty.openpty()
    try:
        done = subprocess.run(
            [*warm.command, "run", "--", "true"],
            env={**warm.account.environment, **warm.environment, "NONO_WARM": "required"},
            cwd=warm.project,
            stdin=theirs,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            start_new_session=True,
            **warm.account.switch,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert (done.returncode, done.stderr) == (
        125,
        "nono: no run by nono warm: a terminal\nhint: NONO_WARM=1 takes an ordinary start then\n",
    )
