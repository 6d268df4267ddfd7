"""Calls that wait: only their caller waits, and killing it frees whatever waited for it."""

import pytest

from tests.conftest import Account, Nono

pytestmark = pytest.mark.requires(landlock=3)

FIFO = """
import os, signal, sys, threading
os.mkfifo("fifo")
def other_calls():
    for turn in range(50):
        os.chmod(".", 0o755)
        os.close(os.open("beside", os.O_RDWR | os.O_CREAT))
# A reader and a writer find each other, whoever comes first.
for first, second in ((os.O_RDONLY, os.O_WRONLY), (os.O_WRONLY, os.O_RDONLY)):
    got = []
    thread = threading.Thread(target=lambda: got.append(os.open("fifo", first)))
    thread.start()
    other_calls()
    assert not got
    end = os.open("fifo", second)
    thread.join()
    reader, writer = (got[0], end) if first == os.O_RDONLY else (end, got[0])
    os.write(writer, b"through")
    print(os.read(reader, 100))
    os.close(reader), os.close(writer)
try:
    os.open("fifo", os.O_WRONLY | os.O_NONBLOCK)
except OSError as error:
    print(error.strerror)
os.close(os.open("fifo", os.O_RDONLY | os.O_NONBLOCK))
os.close(os.open("fifo", os.O_RDWR))
# Nobody comes: the one that waits can be killed, and the others never noticed.
for flags in (os.O_WRONLY, os.O_RDONLY):
    pid = os.fork()
    if pid == 0:
        os.open("fifo", flags)
        os._exit(1)
    other_calls()
    os.kill(pid, signal.SIGKILL)
    print(os.WTERMSIG(os.waitpid(pid, 0)[1]))
"""


@pytest.mark.parametrize("flags", [(), ("--deny", "denied")], ids=["in the floor", "carved"])
def test_fifos(nono: Nono, flags: tuple[str, ...]) -> None:
    command = ("/usr/bin/python3", "-c", FIFO)
    done = nono("run", "--allow-cwd", *flags, "--json", "--", *command)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "b'through'",
        "b'through'",
        "No such device or address",
        "9",
        "9",
    ]
    assert '"internal_errors": []' in done.stderr


def test_a_session_ends_while_a_call_waits(nono: Nono) -> None:
    script = "mkfifo f; cat f & while [ ! -e go ]; do touch go; done; exit 4"
    done = nono("run", "--allow-cwd", "--deny", "denied", "--", "sh", "-c", script)
    assert done.returncode == 4


BACKLOG = """
import os, signal, socket
server = socket.socket()
server.bind(("127.0.0.1", 0))
server.listen(0)
address = server.getsockname()
children = []
for _ in range(4):
    pid = os.fork()
    if pid == 0:
        client = socket.socket()
        client.connect(address)
        signal.pause()
    children.append(pid)
for turn in range(100):
    os.chmod(".", 0o755)
for pid in children:
    os.kill(pid, signal.SIGKILL)
    print(os.WTERMSIG(os.waitpid(pid, 0)[1]))
os.chmod(".", 0o700)
"""


def test_a_connect_that_waits_holds_up_nobody(nono: Nono) -> None:
    done = nono("run", "--allow-cwd", "--", "/usr/bin/python3", "-c", BACKLOG)
    assert (done.returncode, done.stdout) == (0, "9\n" * 4), done.stderr


LEASE = """
import fcntl, os, signal, threading
open("file", "w").close()
held = os.open("file", os.O_RDONLY)
asked = threading.Event()
signal.signal(signal.SIGIO, lambda *_: asked.set())
signal.siginterrupt(signal.SIGIO, False)
fcntl.fcntl(held, fcntl.F_SETLEASE, fcntl.F_RDLCK)
pid = os.fork()
if pid == 0:
    os.close(held)
    os.close(os.open("file", os.O_WRONLY))
    os._exit(0)
for turn in range(20):
    os.chmod(".", 0o755)
asked.wait(30)
fcntl.fcntl(held, fcntl.F_SETLEASE, fcntl.F_UNLCK)
print(os.waitpid(pid, 0)[1])
"""


def test_a_lease_holds_up_only_who_wants_the_file(nono: Nono, as_user: Account) -> None:
    command = ("/usr/bin/python3", "-c", LEASE)
    done = nono("run", "--allow-cwd", "--deny", "denied", "--", *command)
    assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr
