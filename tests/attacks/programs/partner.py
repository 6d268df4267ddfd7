"""The other side: a process outside the sandbox, of the same user, with something to protect.

Arguments: a directory with two FIFOs, and sockets to listen at from the beginning. Serves one
request after the other, a line of JSON each: the name of a function below and its arguments.
SECRET in the environment is what must not leak.
"""

import ctypes
import json
import os
import pty
import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

SECRET = os.environ["SECRET"]
MEMORY = ctypes.create_string_buffer(SECRET.encode())
SIGNALS: list[int] = []
TALKED: list[str] = []
KEPT: list[Any] = []
PR_SET_PDEATHSIG = 1


def itself() -> dict[str, Any]:
    """Where to find this process, its secret in memory, and descriptors that lead to it."""
    memfd = os.memfd_create("secret")
    os.write(memfd, SECRET.encode())
    reader, writer = os.pipe()
    os.write(writer, SECRET.encode())
    return {
        "pid": os.getpid(),
        "address": ctypes.addressof(MEMORY),
        "descriptors": [memfd, reader],
    }


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def standing() -> list[object]:
    """What others may have changed about this process."""
    status = Path("/proc/self/status").read_text().splitlines()
    name = next(line for line in status if line.startswith("Name:"))
    limits = Path("/proc/self/limits").read_text()
    affinity = sorted(os.sched_getaffinity(0))
    adjustment = Path("/proc/self/oom_score_adj").read_text()
    policy = os.sched_getscheduler(0)
    return [os.getpriority(os.PRIO_PROCESS, 0), affinity, policy, name, limits, adjustment, SIGNALS]


def write(path: str, text: str, mode: int) -> int:
    """Make a file; its inode number."""
    fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
    os.write(fd, text.encode())
    status = os.fstat(fd)
    os.close(fd)
    return status.st_ino


def hide(path: str) -> int:
    """Make a file with the secret in it; its inode number."""
    return write(path, SECRET, 0o600)


def intact(path: str) -> bool:
    """Whether a hidden file is as it was made."""
    status = os.stat(path)
    return Path(path).read_text() == SECRET and status.st_mode & 0o7777 == 0o600


def remove(path: str) -> None:
    os.unlink(path)


def mkdir(path: str) -> None:
    os.mkdir(path, 0o700)


def rmdir(path: str) -> None:
    os.rmdir(path)


def link(target: str, path: str) -> None:
    os.symlink(target, path)


def listen(address: str) -> None:
    """Give the secret to whoever connects to a unix socket (`@` for an abstract name)."""
    server = socket.socket(socket.AF_UNIX)
    server.bind("\0" + address[1:] if address.startswith("@") else address)
    server.listen()
    KEPT.append(server)

    def serve() -> None:
        while True:
            client, _ = server.accept()
            TALKED.append(address)
            client.send(SECRET.encode())
            client.close()

    threading.Thread(target=serve, daemon=True).start()


def terminal() -> tuple[int, str]:
    """Open a terminal and keep it; its descriptor and name."""
    ours, theirs = pty.openpty()
    KEPT.append((ours, theirs))
    return ours, os.ttyname(theirs)


def become(pid: int) -> int:
    """Start a process with that number, which takes root, and ends with this one; its number."""
    Path("/proc/sys/kernel/ns_last_pid").write_text(str(pid - 1))
    child = os.fork()
    if child == 0:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        signal.pause()
    KEPT.append(child)
    return child


def talked() -> list[str]:
    """Which sockets somebody connected to."""
    return TALKED


COMMANDS: tuple[Callable[..., Any], ...] = (
    *(itself, parent, standing, write, hide, intact, remove, mkdir, rmdir, link),
    *(listen, terminal, become, talked),
)


def main() -> None:
    work = Path(sys.argv[1])
    commands = {function.__name__: function for function in COMMANDS}
    for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGIO, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: SIGNALS.append(received))
    for path in sys.argv[2:]:
        listen(path)
    # Open for both ends: no end of file when the program closes its own.
    with open(work / "requests", "r+b", 0) as requests, open(work / "replies", "r+b", 0) as replies:
        print("ready", flush=True)
        while line := requests.readline():
            name, *words = json.loads(line)
            try:
                reply = commands[name](*words)
            except OSError as error:
                reply = {"error": str(error)}
            replies.write(json.dumps(reply).encode() + b"\n")


if __name__ == "__main__":
    main()
