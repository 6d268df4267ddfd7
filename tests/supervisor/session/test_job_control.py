"""An interactive shell and nono: stop, continue, interrupt, as with any other program."""

from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, Account, program_beside
from tests.supervisor.session.terminal import (
    CONTROL_BACKSLASH,
    CONTROL_C,
    CONTROL_Z,
    PROMPT,
    Terminal,
    shell,
    terminal,
)

pytestmark = [pytest.mark.requires(landlock=2, commands=["bash"]), BY_A_USER]

# Says what it gets, by write(2): a handler may run in the middle of a print.
PROGRAM = program_beside(__file__, "talker.py")

# Not a shell: that loses an interrupt which comes between its fork and its execve.
WAITER = """
import signal
signal.signal(signal.SIGINT, signal.SIG_DFL)
print("started", flush=True)
while True:
    signal.pause()
"""


@pytest.fixture
def program(as_user: Account, project: Path) -> str:
    as_user.file(project / "program.py", PROGRAM)
    return "nono run --allow-cwd -- python3 program.py"


def end(screen: Terminal) -> None:
    """Let the program end, and see that its status arrives at the shell."""
    screen.type("end\n")
    screen.command("echo status=$?")
    screen.read_until(r"status=7\s")


OWN_RUNS = "mkdir -m 700 runs; export XDG_RUNTIME_DIR=$PWD/runs"
THE_RUN = """$(nono ps --json | sed -n 's/.*"run": "\\(.*\\)".*/\\1/p')"""


def test_a_run_that_control_z_stopped_is_listed_and_killed(
    as_user: Account, project: Path, program: str
) -> None:
    with shell(as_user, project) as screen:
        screen.command(OWN_RUNS)
        screen.command(program)
        screen.read_until("working")
        screen.type(CONTROL_Z)
        screen.read_until("Stopped")
        screen.command("nono ps")
        screen.read_until(r"python3 program.py +\(stopped: fg, or kill -CONT [0-9]+\)")
        screen.command(f"nono status {THE_RUN}")
        screen.read_until("hint: kill -CONT [0-9]+")
        screen.command(f"nono kill {THE_RUN}; echo killed=$?")
        screen.read_until(r"killed=0\s")
        screen.command("nono ps")
        screen.read_until("no runs")


def test_control_z_stops_and_fg_continues(as_user: Account, project: Path, program: str) -> None:
    with shell(as_user, project) as screen:
        screen.command(program)
        screen.read_until("working")
        for _ in range(3):
            screen.type(CONTROL_Z)
            screen.read_until("Stopped")
            screen.command("jobs")
            screen.read_until("Stopped.*nono")
            screen.command("fg")
            screen.read_until("continued")
            screen.type("hello\n")
            screen.read_until("line hello")
        end(screen)


def test_bg_continues_without_the_terminal(as_user: Account, project: Path) -> None:
    as_user.file(project / "wait.py", WAITER)
    with shell(as_user, project) as screen:
        screen.command("nono run --allow-cwd -- python3 wait.py")
        screen.read_until("started")
        screen.type(CONTROL_Z)
        screen.read_until("Stopped")
        screen.command("bg")
        screen.command("jobs")
        screen.read_until("Running.*nono")
        screen.command("kill %1; wait; echo all-done")
        screen.read_until("all-done\\s")


def test_a_program_that_stops_itself(as_user: Account, project: Path, program: str) -> None:
    with shell(as_user, project) as screen:
        screen.command(f"{program} stop")
        screen.read_until("stopping")
        screen.read_until("Stopped")
        screen.command("fg")
        screen.read_until("working")
        end(screen)


def test_control_c_arrives_once(as_user: Account, project: Path, program: str) -> None:
    with shell(as_user, project) as screen:
        screen.command(program)
        screen.read_until("working")
        screen.type(CONTROL_C)
        screen.read_until(r"interrupt 1\s")
        screen.type("one\n")
        screen.read_until("line one")  # a second interrupt would have been seen by now
        screen.type(CONTROL_C)
        screen.read_until(r"interrupt 2\s")
        screen.type(CONTROL_BACKSLASH)
        screen.read_until("quit")
        end(screen)


def test_the_size_of_the_window_arrives(as_user: Account, project: Path, program: str) -> None:
    with shell(as_user, project) as screen:
        screen.command(program)
        screen.read_until("working")
        screen.resize(10, 123)
        screen.read_until("size 123")
        end(screen)


def test_control_c_ends_what_does_not_handle_it(as_user: Account, project: Path) -> None:
    as_user.file(project / "wait.py", WAITER)
    with shell(as_user, project) as screen:
        screen.command("nono run --allow-cwd -- python3 wait.py")
        screen.read_until("started")
        screen.type(CONTROL_C)
        screen.command("echo status=$?")
        screen.read_until(r"status=130\s")


def test_a_background_reader_is_stopped(as_user: Account, project: Path, program: str) -> None:
    with shell(as_user, project) as screen:
        screen.command(f"{program} &")
        screen.command("wait; jobs")
        screen.read_until("Stopped.*nono")
        screen.command("fg")
        screen.type("hello\n")
        screen.read_until("line hello")
        end(screen)


def test_a_shell_with_jobs_of_its_own(as_user: Account, project: Path) -> None:
    as_user.file(project / "program.py", PROGRAM)
    with shell(as_user, project) as screen:
        screen.command("SHELL=/bin/bash nono shell --allow-cwd")
        screen.read_until(r"\$ |# ")
        screen.type(f"PS1='{PROMPT}'; echo\n")
        screen.read_until("\n")
        screen.command("python3 program.py")
        screen.read_until("working")
        screen.type(CONTROL_Z)
        screen.read_until("Stopped")
        screen.command("jobs")
        screen.read_until("Stopped.*program.py")
        screen.command("fg")
        screen.read_until("continued")
        screen.type(CONTROL_C)
        screen.read_until(r"interrupt 1\s")
        screen.type("end\n")
        screen.command("echo $?; cat /etc/shadow; exit 3")
        screen.read_until(r"7\s+cat: /etc/shadow: Permission denied")
        screen.read_until("read /etc/shadow: no rule allows it")
        screen.command("echo status=$?")
        screen.read_until(r"status=3\s")


def test_a_suspended_shell_comes_back(as_user: Account, project: Path) -> None:
    with shell(as_user, project) as screen:
        screen.command("SHELL=/bin/bash nono shell --allow-cwd")
        screen.read_until(r"\$ |# ")
        screen.type("suspend\n")
        screen.read_until("Stopped")
        screen.command("echo outside")
        screen.read_until(r"outside\s")
        screen.command("fg")
        screen.type("echo inside; exit\n")
        screen.read_until("exit\r\ninside")
        screen.read_until(PROMPT)


def test_the_terminal_is_given_back(as_user: Account, project: Path) -> None:
    """A shell makes itself the foreground of the terminal; killed, it does not undo that."""
    with shell(as_user, project) as screen:
        screen.command("SHELL=/bin/bash nono shell --allow-cwd")
        screen.read_until(r"\$ |# ")
        screen.type("kill -KILL $$\n")
        screen.command("echo status=$?")
        screen.read_until(r"status=137\s")
        screen.command("cat")  # would be stopped as a background process
        screen.type("still here\n")
        screen.read_until("here\r\nstill here")
        screen.type(CONTROL_C)
        screen.read_until(PROMPT)


def test_a_terminal_that_hangs_up_ends_the_run(as_user: Account, project: Path) -> None:
    nono = (as_user.python, "-P", "-m", "nono.supervisor")
    with terminal(
        as_user, *nono, "run", "--", "sh", "-c", "echo ready; sleep 60", cwd=project
    ) as screen:
        screen.read_until("ready")
        screen.hang_up()
        assert screen.wait() == -1
