"""Opening a FIFO or a full socket waits, in crowds and with deaths, as the kernel has it wait."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Account, Nono

pytestmark = pytest.mark.requires(landlock=6)

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


HEADER = """
import os, select, signal, socket, sys, threading, time
def child(work):
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except OSError as error:
            os.write(1, error.strerror.encode() + b"\\n")
            os._exit(1)
        os._exit(0)
    return pid
def is_over(pid):
    return os.waitpid(pid, os.WNOHANG)[0] == pid
def settle():
    "Give those that wait the time for a wrong wake-up: many calls of ours are answered meanwhile."
    for _ in range(100):
        os.chmod(".", 0o755)
        time.sleep(0.002)
"""


def test_three_hundred_wait_and_each_is_met(play: Play) -> None:
    """More than any pool of threads: the one that comes last frees the others."""
    lines = play("""
for number in range(150):
    os.mkfifo(f"f{number}")
got = []
def wait(number, flags):
    fd = os.open(f"f{number}", flags)
    got.append(number)
    os.close(fd)
waiting = [threading.Thread(target=wait, args=(number, os.O_RDONLY)) for number in range(150)]
[thread.start() for thread in waiting]
settle()
assert not got
coming = [threading.Thread(target=wait, args=(number, os.O_WRONLY)) for number in range(150)]
[thread.start() for thread in coming]
[thread.join() for thread in waiting + coming]
print(len(got))
""")
    assert lines == ["300"]


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


def test_flags_survive_the_wait(play: Play) -> None:
    lines = play("""
import fcntl
os.mkfifo("fifo")
flags = []
def reader():
    fd = os.open("fifo", os.O_RDONLY | os.O_CLOEXEC)
    flags.append((os.get_blocking(fd), os.get_inheritable(fd)))
    flags.append(os.read(fd, 100))
thread = threading.Thread(target=reader)
thread.start()
fd = os.open("fifo", os.O_WRONLY | os.O_APPEND)
flags.append((os.get_blocking(fd), bool(fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_APPEND)))
os.write(fd, b"data")
thread.join()
print(sorted(flags, key=str))
""")
    assert lines == ["[(True, False), (True, True), b'data']"]


def test_a_writer_that_comes_and_goes_is_noticed(play: Play) -> None:
    """Its data are all there, also when it was gone before the reader was told."""
    lines = play("""
os.mkfifo("fifo")
for turn in range(20):
    writer = child(lambda: os.write(os.open("fifo", os.O_WRONLY), b"x" * turn))
    fd = os.open("fifo", os.O_RDONLY)
    data = b""
    while chunk := os.read(fd, 4096):
        data += chunk
    os.close(fd)
    assert len(data) == turn, (turn, data)
    os.waitpid(writer, 0)
print("end")
""")
    assert lines == ["end"]


def test_a_signal_ends_the_wait(play: Play) -> None:
    """Only one that kills: the kernel has the caller wait killable, once nono has its call."""
    lines = play("""
os.mkfifo("fifo")
def work():
    os.open("fifo", os.O_RDONLY)
pid = child(work)
settle()
os.kill(pid, signal.SIGTERM)
print(os.WTERMSIG(os.waitpid(pid, 0)[1]))
""")
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


CROWD = """
server = socket.socket(socket.AF_UNIX)
server.bind("socket")
server.listen(0)
def connect():
    client = socket.socket(socket.AF_UNIX)
    client.connect("socket")
    client.sendall(b"x")
"""


def test_a_full_backlog_holds_up_nobody_else(play: Play) -> None:
    lines = play(
        CROWD
        + """
clients = [child(connect) for _ in range(4)]
settle()
left = [pid for pid in clients if not is_over(pid)]
assert left
killed = left.pop()
os.kill(killed, signal.SIGKILL)
os.waitpid(killed, 0)
accepted = []
server.settimeout(0.05)  # one that was accepted may not have ended yet, and nobody else comes
while left:
    try:
        accepted.append(server.accept())
    except TimeoutError:
        pass
    left = [pid for pid in left if not is_over(pid)]
    time.sleep(0.01) if left else None
print("end")
"""
    )
    assert lines == ["end"]


def test_a_full_backlog_and_a_limit_of_time(play: Play) -> None:
    """SO_SNDTIMEO holds as without nono, and is what it was afterwards."""
    lines = play(
        CROWD
        + """
import struct
connect()
client = socket.socket(socket.AF_UNIX)
limit = struct.pack("@qq", 0, 200_000)
client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
try:
    client.connect("socket")
except BlockingIOError as error:
    print(error.strerror)
print(client.getsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, 16) == limit)
client.setblocking(False)
print(client.connect_ex("socket"))
"""
    )
    assert lines == ["Resource temporarily unavailable", "True", "11"]


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
