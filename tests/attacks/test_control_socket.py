"""Control sockets: no program inside any sandbox reaches one, its own or another's."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.attacks.conftest import read
from tests.conftest import Account, Finished, Nono, program_beside
from tests.control_sockets import control_socket

pytestmark = pytest.mark.requires(landlock=6)

REACH = program_beside(__file__, "reach_control.py")
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def runtime(as_user: Account, project: Path) -> Path:
    """Where sockets are: in a directory that the program may otherwise do everything in."""
    return as_user.directory(project / "run", 0o700)


@pytest.fixture
def start(as_user: Account, project: Path, runtime: Path) -> Iterator[Start]:
    """Start nono with these arguments, as the account; it says a line once its program runs."""
    running: list[subprocess.Popen[str]] = []

    def begin(*arguments: str | Path) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [as_user.python, "-P", "-m", "nono.supervisor", *map(str, arguments)],
            cwd=project,
            env={**as_user.environment, "XDG_RUNTIME_DIR": str(runtime)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            **as_user.switch,
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.communicate()


def state(runtime: Path) -> list[tuple[Path, int, int]]:
    return [
        (path, status.st_mode, status.st_ino)
        for path in sorted([runtime, *runtime.rglob("*")])
        for status in [path.lstat()]
    ]


def test_no_program_reaches_a_control_socket(
    as_user: Account, project: Path, runtime: Path, start: Start, nono: Nono
) -> None:
    """Another run's, whatever is opened, and whatever names it; and it is left as it was."""
    victim = start("run", "--", "sh", "-c", "echo ready; cat")
    assert victim.stdout is not None and victim.stdout.readline() == "ready\n"
    path = control_socket(runtime)
    before = state(runtime)
    lifted = ("--bypass-protection", path, "--bypass-protection", runtime)
    named = ("--allow-unix-socket", path, "--allow", runtime, "--allow", runtime / "nono")
    for options in (("--allow-cwd", "--allow", "/"), ("--allow-cwd", *lifted, *named)):
        work = as_user.directory(project / f"work-{len(options)}")
        done = nono(
            *("run", *options, "--", "python3", "-c", REACH, path, work),
            env={"XDG_RUNTIME_DIR": str(runtime)},
        )
        outcome = read(done)
        assert done.returncode == 0, outcome.text
        assert len(outcome.attempts) == 20, outcome.text
        assert outcome.won == []
        assert "nono's control sockets" in outcome.text
        assert state(runtime) == before
    (status,) = ps(nono, runtime)
    assert status["pid"] == victim.pid


TOLD = """
import sys
print("ready", flush=True)
sys.argv[1:] = sys.stdin.readline().split()
"""


def test_its_own_neither(as_user: Account, project: Path, runtime: Path, start: Start) -> None:
    """Which somebody outside has told it of: it may not even list them."""
    work = as_user.directory(project / "work")
    inside = start("run", "--json", "--allow-cwd", "--", "python3", "-c", TOLD + REACH)
    assert inside.stdout is not None and inside.stdout.readline() == "ready\n"
    path = control_socket(runtime)
    before = state(runtime)
    stdout, _ = inside.communicate(f"{path} {work}\n", timeout=30)
    outcome = read(Finished(inside.returncode, stdout, ""))
    assert (len(outcome.attempts), outcome.won) == (20, [])
    assert len(before) == 3
    assert not any((runtime / "nono").iterdir())


PEERS = """
import socket, sys
from nono.supervisor.linux.peers import is_trusted
sock = socket.socket(socket.AF_UNIX)
sock.bind(sys.argv[1])
sock.listen(8)
print("ready", flush=True)
for line in sys.stdin:
    accepted, _ = sock.accept()
    print(is_trusted(accepted), flush=True)
    accepted.close()
"""
CONNECT = "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.recv(1)"
BELOW = """
import subprocess, sys
open("/proc/self/comm", "w").write("nono-init")
sys.exit(subprocess.run(sys.argv[1:]).returncode)
"""
LEAVE = CONNECT.partition("; s.recv")[0]


def test_a_peer_inside_is_known(as_user: Account, project: Path, nono: Nono) -> None:
    """Also where the supervisor connects for it, and where it is gone when it is looked at."""
    path = project / "peer.sock"
    with subprocess.Popen(
        [as_user.python, "-c", PEERS, str(path)],
        env=dict(as_user.environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **as_user.switch,
    ) as listener:
        assert listener.stdin is not None and listener.stdout is not None
        assert listener.stdout.readline() == "ready\n"

        def seen(run: Callable[..., Finished], *command: str | Path) -> str:
            assert listener.stdin is not None and listener.stdout is not None
            listener.stdin.write("\n")
            listener.stdin.flush()
            done = run(*command, "python3", "-c", CONNECT, path)
            if done.returncode:
                listener.kill()
            assert done.returncode == 0, done.stderr
            return listener.stdout.readline().strip()

        assert seen(as_user) == "True"
        allowed = ("--allow-cwd", "--allow-unix-socket", path)
        assert seen(nono, "run", *allowed, "--") == "False"
        # The floor alone lets nobody connect; whoever is below an init is not trusted all the same.
        assert seen(as_user, as_user.python, "-c", BELOW) == "False"
        assert as_user("python3", "-c", LEAVE, path).returncode == 0
        listener.stdin.write("\n")
        listener.stdin.flush()
        assert listener.stdout.readline() == "False\n"
        listener.stdin.close()


def ps(nono: Nono, runtime: Path) -> list[dict[str, object]]:
    done = nono("ps", "--json", env={"XDG_RUNTIME_DIR": str(runtime)})
    assert done.returncode == 0, done.stderr
    found: list[dict[str, object]] = json.loads(done.stdout)
    return found
