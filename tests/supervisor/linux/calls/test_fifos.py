"""Opening a FIFO or a full socket waits, in crowds and with deaths, as the kernel has it wait."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, Account, Nono, program_beside

pytestmark = pytest.mark.requires(landlock=2)

Play = Callable[[str], list[str]]


@pytest.fixture
def play(nono: Nono, project: Path) -> Play:
    """Run a Python text where every open is nono's to perform; the lines that it printed."""

    def run(text: str) -> list[str]:
        command = ("/usr/bin/python3", "-S", "-c", HEADER + text)
        done = nono("run", "--allow-cwd", "--deny", "denied", "--json", "--", *command)
        assert done.returncode == 0, done.stderr
        assert '"denials": []' in done.stderr
        assert '"internal_errors": []' in done.stderr
        return done.stdout.splitlines()

    return run


HEADER = program_beside(__file__, "common.py")


@BY_A_USER
def test_three_hundred_wait_and_each_is_met(play: Play) -> None:
    """More than any pool of threads: the one that comes last frees the others."""
    lines = play(program_beside(__file__, "three_hundred.py"))
    assert lines == ["300"]


@BY_A_USER
@pytest.mark.parametrize("flags", ["os.O_RDONLY", "os.O_WRONLY"])
def test_the_death_of_one_does_not_wake_another(play: Play, flags: str) -> None:
    lines = play(f"""
os.mkfifo("fifo")
one, other = [child(lambda: os.open("fifo", {flags})) for _ in range(2)]
settle()
os.kill(one, signal.SIGKILL)
os.waitpid(one, 0)
settle()
print(is_over(other))
os.open("fifo", os.O_RDWR)
print(os.waitpid(other, 0)[1])
""")
    assert lines == ["False", "0"]


@BY_A_USER
def test_flags_survive_the_wait(play: Play) -> None:
    lines = play(program_beside(__file__, "flags.py"))
    assert lines == ["[(True, False), (True, True), b'data']"]


@BY_A_USER
def test_a_writer_that_comes_and_goes_is_noticed(play: Play) -> None:
    """Its data are all there, also when it was gone before the reader was told."""
    lines = play(program_beside(__file__, "comes_and_goes.py"))
    assert lines == ["end"]


@BY_A_USER
def test_a_signal_ends_the_wait(play: Play) -> None:
    """Only one that kills: the kernel has the caller wait killable, once nono has its call."""
    lines = play(program_beside(__file__, "signal_ends_the_wait.py"))
    assert lines == ["15"]


def test_a_fifo_that_may_only_be_read(nono: Nono, as_user: Account, root_file: Path) -> None:
    """Whoever waits for its writer can be killed, and the run ends."""
    script = f'cat "{root_file}" & sleep 0.2; kill -9 $!; wait $!; echo $?; cat "{root_file}" &'
    done = nono("run", "--allow-cwd", "--read", root_file.parent, "--", "sh", "-c", script)
    assert (done.returncode, done.stdout) == (0, "137\n")


@pytest.fixture
def root_file(root: Account, place: Path) -> Path:
    """A FIFO that the ordinary user cannot write, in a directory that is carved."""
    import os

    directory = root.directory(place / "shared")
    root.file(directory / ".env")
    path = directory / "fifo"
    if not path.exists():
        os.mkfifo(path, 0o644)
    return path


CROWD = program_beside(__file__, "crowd.py")


@BY_A_USER
def test_more_than_may_wait_are_told_of(nono: Nono, as_user: Account, project: Path) -> None:
    """An eighth of nono's files: the others wait on, and the report says why."""
    command = ("/usr/bin/python3", "-S", "-c", HEADER + program_beside(__file__, "too_many.py"))
    run = (as_user.python, "-P", "-m", "nono.supervisor", "run", "--allow-cwd", "--deny", "denied")
    for option in ((), ("--json",)):
        bounded = ("sh", "-c", 'ulimit -n 64; exec "$@"', "sh", *run, *option, "--", *command)
        done = as_user(*bounded, cwd=project)
        assert done.stdout == "8 wait {'Cannot allocate memory'}\n", done
        if option:
            assert json.loads(done.stderr.splitlines()[-1])["turned_away"] == 12
        else:
            assert "nono: 12 calls failed (ENOMEM)" in done.stderr, done
            assert "8 waited already, as many as an eighth" in done.stderr


@BY_A_USER
def test_a_full_backlog_holds_up_nobody_else(play: Play) -> None:
    lines = play(CROWD + program_beside(__file__, "full_backlog.py"))
    assert lines == ["end"]


@BY_A_USER
def test_a_full_backlog_and_a_limit_of_time(play: Play) -> None:
    """SO_SNDTIMEO holds as without nono, and is what it was afterwards."""
    lines = play(CROWD + program_beside(__file__, "limit_of_time.py"))
    assert lines == ["Resource temporarily unavailable", "True", "11"]


@BY_A_USER
def test_a_full_backlog_outside(nono: Nono, as_user: Account, project: Path) -> None:
    """The server lives on, and whoever waits for it does not keep the run from its end."""
    listening = "s = socket.socket(socket.AF_UNIX); s.bind('outside'); s.listen(0)"
    waiting = "c = socket.socket(socket.AF_UNIX); c.connect('outside'); print('in')"
    python = ("/usr/bin/python3", "-S", "-c")
    script = (
        "import os, socket, subprocess, sys\n"
        f"{listening}\n"
        f"{waiting}\n"
        "done = subprocess.run(sys.argv[1:], capture_output=True, text=True, timeout=50)\n"
        "print(done.returncode, done.stdout.strip())\n"
    )
    inside = f'{" ".join(python)} "import socket; {waiting}" & sleep 0.3; echo end; exit 4'
    supervisor = (as_user.python, "-P", "-m", "nono.supervisor", "run", "--allow-cwd", "--")
    done = as_user(*python, script, *supervisor, "sh", "-c", inside, cwd=project)
    assert done.stdout == "in\n4 end\n", done.stderr
