"""Whoever waits for nono sees the signal that ended the program, as without nono."""

import signal
from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, Account
from tests.supervisor.session.terminal import CONTROL_C, shell, terminal

pytestmark = pytest.mark.requires(landlock=2, commands=["bash"])

ROUNDS = "for i in 1 2 3; do $nono sh -c 'echo round; exec sleep 60'; echo after=$?; done"
CATCHES = "trap 'exit 5' INT; echo round; sleep 60 & wait"


def nono(account: Account, *options: str) -> str:
    return " ".join((account.python, "-P", "-m", "nono.supervisor", "run", "-q", *options, "--"))


@BY_A_USER
@pytest.mark.parametrize("options", [(), ("--ask=tty",)], ids=["its-terminal", "one-of-its-own"])
def test_control_c_ends_a_loop_of_a_shell(
    as_user: Account, project: Path, options: tuple[str, ...]
) -> None:
    with shell(as_user, project) as screen:
        screen.command(f"nono='{nono(as_user, *options)}'")
        screen.command(ROUNDS)
        screen.read_until("round")
        screen.type(CONTROL_C)
        screen.command("echo is over")
        assert "after" not in screen.transcript.partition("^C")[2]
        screen.read_until("is over")


@BY_A_USER
def test_control_c_ends_a_script(as_user: Account, project: Path) -> None:
    as_user.file(project / "script", f"nono='{nono(as_user)}'; {ROUNDS}")
    with terminal(as_user, "bash", "script", cwd=project) as screen:
        screen.read_until("round")
        screen.type(CONTROL_C)
        assert screen.wait() == -signal.SIGINT
        assert "after" not in screen.transcript


@BY_A_USER
def test_a_program_that_handles_control_c_ends_no_script(as_user: Account, project: Path) -> None:
    as_user.file(project / "script", f'{nono(as_user)} sh -c "{CATCHES}"; echo after=$?')
    with terminal(as_user, "bash", "script", cwd=project) as screen:
        screen.read_until("round")
        screen.type(CONTROL_C)
        screen.read_until("after=5")
        assert screen.wait() == 0


@BY_A_USER
def test_what_a_shell_makes_of_it(as_user: Account, project: Path) -> None:
    """`$?` is 128+n, and the program alone has dumped its core."""
    script = f"ulimit -c unlimited; {nono(as_user, '--allow-cwd')} sh -c 'kill -QUIT $$'; echo $?"
    done = as_user("bash", "-c", script, cwd=project)
    assert done.stdout == f"{128 + signal.SIGQUIT}\n"
    assert "core dumped" not in done.stderr


@BY_A_USER
def test_a_signal_that_the_caller_ignores_is_a_status(as_user: Account, project: Path) -> None:
    """As of nohup(1) and of what a script starts in the background."""
    ended = "import os, signal; signal.signal(2, signal.SIG_DFL); os.kill(os.getpid(), 2)"
    script = f"trap '' INT; exec {nono(as_user)} /usr/bin/python3 -S -c '{ended}'"
    assert as_user("bash", "-c", script, cwd=project).returncode == 128 + signal.SIGINT


@pytest.mark.requires(root=True, commands=["unshare"])
@pytest.mark.parametrize("as_user", ["root"], indirect=True)
def test_the_first_process_of_a_container_ends_with_a_status(
    as_user: Account, project: Path
) -> None:
    """No signal of its own ends it: pid_namespaces(7)."""
    first = ("unshare", "--pid", "--fork", "--mount-proc", *nono(as_user).split())
    done = as_user(*first, "sh", "-c", "kill -TERM $$", cwd=project)
    assert (done.returncode, done.stderr) == (128 + signal.SIGTERM, "")
