"""Signals that somebody sends to nono, with and without a terminal; what the program inherits."""

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, TIMEOUT, Account, Nono, program_beside
from tests.supervisor.session.terminal import CONTROL_BACKSLASH, shell, terminal

pytestmark = [pytest.mark.requires(landlock=2, commands=["bash"]), BY_A_USER]

TALKER = program_beside(__file__, "signals.py")


def supervisor(account: Account, *command: str) -> tuple[str, ...]:
    return (account.python, "-P", "-m", "nono.supervisor", "run", "--allow-cwd", "--", *command)


def test_sent_to_nono_alone_at_a_terminal(as_user: Account, project: Path) -> None:
    """As `kill PID` from another window: each arrives, once, and in turn."""
    as_user.file(project / "talker.py", TALKER)
    command = supervisor(as_user, "python3", "talker.py")
    with terminal(as_user, *command, cwd=project) as screen:
        screen.read_until("ready")
        for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGWINCH"):
            screen.process.send_signal(signal.Signals[name])
            seen = screen.read_until(r"got (\w+)\r\n")
            assert seen[1] == name


def test_a_stop_sent_to_nono_alone(as_user: Account, project: Path) -> None:
    as_user.file(project / "talker.py", TALKER)
    with shell(as_user, project) as screen:
        nono = " ".join(supervisor(as_user, "python3", "talker.py"))
        screen.command(f"{nono} & echo pid=$!")
        with killed(int(screen.read_until(r"pid=(\d+)\s")[1])) as pid:
            screen.read_until("ready")
            for _ in range(3):
                os.kill(pid, signal.SIGTSTP)
                screen.type("wait %1; jobs\n")
                screen.read_until("Stopped.*nono")
                os.kill(pid, signal.SIGCONT)
                screen.read_until("got SIGCONT")
            os.kill(pid, signal.SIGUSR1)
            screen.read_until("got SIGUSR1")


def test_a_stop_that_comes_while_nono_is_stopped_counts(as_user: Account, project: Path) -> None:
    """Continuing nono is about the stop that it stopped for, and not about a later one."""
    as_user.file(project / "talker.py", TALKER)
    with shell(as_user, project) as screen:
        nono = " ".join(supervisor(as_user, "python3", "talker.py"))
        screen.command(f"{nono} & echo pid=$!")
        with killed(int(screen.read_until(r"pid=(\d+)\s")[1])) as pid:
            program = int(screen.read_until(r"ready (\d+)\.")[1])
            os.kill(pid, signal.SIGTSTP)
            await_stop(pid)
            os.kill(program, signal.SIGCONT)
            screen.read_until("got SIGCONT")
            os.kill(program, signal.SIGSTOP)
            os.kill(pid, signal.SIGCONT)
            await_stop(pid)
            assert state_of(program) == "T"
            os.kill(pid, signal.SIGCONT)
            screen.read_until("got SIGCONT")


@contextlib.contextmanager
def killed(pid: int) -> Iterator[int]:
    """A supervisor that is gone after the test: its program heeds no other signal."""
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)


def await_stop(pid: int) -> None:
    deadline = time.monotonic() + TIMEOUT
    while state_of(pid) != "T":
        assert time.monotonic() < deadline, f"{pid} is {state_of(pid)}"
        time.sleep(0.01)


def test_sent_to_the_whole_job(as_user: Account, project: Path) -> None:
    """As `timeout` and `kill %1` do; a program that does not handle it dies of it."""
    nono = " ".join(supervisor(as_user))
    script = f"timeout -s INT 0.5 {nono} sleep 1000; echo $?"
    assert as_user("bash", "-c", script, cwd=project).stdout == "124\n"
    script = f"timeout --preserve-status -s TERM 0.5 {nono} sleep 1000; echo $?"
    assert as_user("bash", "-c", script, cwd=project).stdout == "143\n"


@pytest.mark.parametrize("ignored", ["HUP", "INT", "QUIT", "TERM", "TSTP", "USR1"])
def test_what_nono_ignores_the_program_ignores(
    as_user: Account, project: Path, ignored: str
) -> None:
    status = "grep -E 'Sig(Ign|Blk|Cgt)' /proc/self/status"
    nono = " ".join(supervisor(as_user))
    script = f"trap '' {ignored}; {status}; {nono} {status}"
    before, after = _masks(as_user("bash", "-c", script, cwd=project).stdout)
    assert before == after
    assert before["SigIgn"] & (1 << signal.Signals["SIG" + ignored] - 1)


def test_what_nono_blocks_the_program_blocks(as_user: Account, project: Path) -> None:
    blocking = (
        "import os, signal, sys\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1, signal.SIGALRM})\n"
        "os.execv(sys.argv[1], sys.argv[1:])\n"
    )
    status = ("grep", "-E", "Sig(Ign|Blk|Cgt)", "/proc/self/status")
    nono = supervisor(as_user, *status)
    done = as_user(as_user.python, "-c", blocking, *nono, cwd=project)
    (masks,) = _masks(done.stdout)
    assert (masks["SigBlk"], masks["SigIgn"]) == (1 << 9 | 1 << 13, 0)


def test_nohup_survives_a_hang_up(as_user: Account, project: Path) -> None:
    waiting = "import os, time; os.write(1, b'up\\n'); open('fifo').read(); open('made', 'w')"
    os.mkfifo(project / "fifo")
    os.chown(project / "fifo", as_user.uid, as_user.gid)
    nohup = ("sh", "-c", 'trap "" HUP; exec "$@"', "sh")
    command = supervisor(as_user, "python3", "-S", "-c", waiting)
    with terminal(as_user, *nohup, *command, cwd=project) as screen:
        screen.read_until("up")
        screen.hang_up()
        (project / "fifo").write_text("go")
        assert screen.wait() == 0
    assert (project / "made").exists()


def test_a_flood_of_signals(nono: Nono) -> None:
    """Thousands, from inside and to its own children, while files are opened.

    A signal in the moment before nono has received a call may end it with EINTR where the handler
    was installed without SA_RESTART, as Python's are; open(2) can do so anyway, chmod(2) cannot.
    """
    script = program_beside(__file__, "flood.py")
    done = nono("run", "--allow-cwd", "--json", "--", "/usr/bin/python3", "-S", "-c", script)
    assert (done.returncode, done.stdout) == (0, "0 True\n"), done.stderr
    assert '"internal_errors": []' in done.stderr


def _masks(text: str) -> list[dict[str, int]]:
    """The signal masks in one or more excerpts of /proc/PID/status."""
    found = [(name, int(mask, 16)) for name, mask in re.findall(r"(Sig\w+):\s+(\w+)", text)]
    return [dict(found[at : at + 3]) for at in range(0, len(found), 3)]


def state_of(pid: int) -> str:
    """The state letter of proc_pid_stat(5), such as T for stopped."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


COUNTER = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGINT, lambda *_: os.write(1, b'got\\n'))
os.write(1, b'ready\\n')
end = time.monotonic() + float(sys.argv[1])
while time.monotonic() < end:
    time.sleep(0.05)
"""


EVERY = """
import os, signal, sys
numbers = {signal.Signals["SIG" + name] for name in sys.argv[2:]}
signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
os.write(1, b"ready\\n")
while True:
    number = signal.sigwaitinfo(numbers).si_signo
    os.write(1, signal.Signals(number).name.encode() + b"\\n")
"""


@contextlib.contextmanager
def counting(
    account: Account, project: Path, seconds: float, program: str = COUNTER
) -> Iterator[subprocess.Popen[str]]:
    names = ("HUP", "QUIT", "TSTP", "USR1", "USR2", "WINCH")
    command = supervisor(account, "/usr/bin/python3", "-S", "-c", program, str(seconds), *names)
    switch = os.geteuid() != account.uid
    process = subprocess.Popen(
        command,
        cwd=project,
        env=account.environment,
        stdout=subprocess.PIPE,
        text=True,
        process_group=0,
        user=account.uid if switch else None,
        group=account.gid if switch else None,
        extra_groups=[] if switch else None,
    )
    try:
        assert process.stdout and process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def test_to_the_whole_group_it_arrives_once(as_user: Account, project: Path) -> None:
    with counting(as_user, project, TIMEOUT) as process:
        assert process.stdout
        time.sleep(0.5)
        for send in (os.killpg, os.kill, os.killpg):
            send(process.pid, signal.SIGINT)
            assert process.stdout.readline() == "got\n"
            time.sleep(1.1)
        process.kill()
        assert process.stdout.read() == ""


def test_each_arrives_once_however_many_are_sent_together(as_user: Account, project: Path) -> None:
    """To the whole group, without a pause between them; then to nono alone."""
    numbers = [signal.Signals["SIG" + name] for name in ("HUP", "QUIT", "TSTP", "USR1", "WINCH")]
    with counting(as_user, project, TIMEOUT, EVERY) as process:
        assert process.stdout
        for _ in range(3):
            for number in numbers:
                os.killpg(process.pid, number)
            heard = [process.stdout.readline().strip() for _ in numbers]
            assert sorted(heard) == sorted(each.name for each in numbers)
            time.sleep(1.1)
        process.send_signal(signal.SIGUSR2)
        assert process.stdout.readline() == "SIGUSR2\n"
        process.kill()
        assert process.stdout.read() == ""


def test_what_a_terminal_has_sent_is_not_taken_for_the_next_one(
    as_user: Account, project: Path
) -> None:
    as_user.file(project / "talker.py", TALKER)
    command = supervisor(as_user, "python3", "talker.py")
    with terminal(as_user, *command, cwd=project) as screen:
        screen.read_until("ready")
        for _ in range(3):
            screen.type(CONTROL_BACKSLASH)
            screen.read_until("got SIGQUIT")
            time.sleep(0.3)  # nono hears it, too: of two that wait the kernel keeps one
            screen.process.send_signal(signal.SIGQUIT)
            screen.read_until("got SIGQUIT")
            time.sleep(0.3)


@pytest.mark.parametrize(
    ("numbers", "status"),
    [
        ((signal.SIGTERM, signal.SIGTERM), -signal.SIGTERM),
        ((signal.SIGINT, signal.SIGINT, signal.SIGINT), -signal.SIGINT),
        ((signal.SIGTERM, signal.SIGINT), -signal.SIGINT),
    ],
)
def test_whoever_insists_is_heard(
    as_user: Account, project: Path, numbers: tuple[signal.Signals, ...], status: int
) -> None:
    with counting(as_user, project, TIMEOUT) as process:
        time.sleep(0.5)
        for number in numbers:
            assert process.poll() is None
            process.send_signal(number)
            time.sleep(0.2)
        assert process.wait(TIMEOUT / 2) == status


def test_a_time_that_is_up(nono: Nono) -> None:
    script = "trap '' TERM INT; echo started; sleep 1000 & wait"
    done = nono("run", "--allow-cwd", "--timeout", "1", "--", "sh", "-c", script)
    assert (done.returncode, done.stdout) == (124, "started\n")
    assert done.stderr == "nono: the time of 1 s was up: everything was killed\n"
    assert nono("run", "--timeout", "60", "--", "sh", "-c", "exit 7").returncode == 7
