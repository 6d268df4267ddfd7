"""Calls that a broker would perform, by processes that restricted themselves with Landlock.

Arguments: a directory where nono performs what is made, the port of a server that may be reached.
"""

import os
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from .attempt import arguments, attempt, call

PR_SET_NO_NEW_PRIVS, PR_SET_CHILD_SUBREAPER = 38, 36
CLONE_PARENT = 0x8000
READING = 1 | 4 | 8
HANDLED = (1 << 13) - 1 & ~READING


def restrict() -> None:
    """From now on nothing may be made, changed or removed."""
    ruleset = call("landlock_create_ruleset", struct.pack("=Q", HANDLED), 8, 0)
    call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    call("landlock_restrict_self", ruleset, 0)
    os.close(ruleset)


def tries(who: str, here: Path, port: int) -> None:
    made = here / f"{who}-made"
    victim = here / "victim"

    def reach() -> object:
        with socket.socket() as sock:
            sock.connect(("127.0.0.1", port))
            return sock.getpeername()

    whats: dict[str, Callable[[], object]] = {
        "create": lambda: os.close(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL)),
        "mkdir": lambda: os.mkdir(f"{made}-d"),
        "symlink": lambda: os.symlink("x", f"{made}-l"),
        "link": lambda: os.link(victim, f"{made}-h"),
        "rename": lambda: os.rename(victim, victim),
        "truncate": lambda: os.truncate(victim, 0),
        "write": lambda: os.close(os.open(victim, os.O_WRONLY)),
        "chmod": lambda: os.chmod(victim, 0o600),
        "utime": lambda: os.utime(victim),
        "connect": reach,
    }
    for what, how in whats.items():
        attempt(f"{who}: {what}", how)


def in_child(body: Callable[[], object]) -> None:
    """A child, and all that it leaves behind, to their ends."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            body()
        finally:
            sys.stdout.flush()
            os._exit(0)
    os.close(writer)
    os.waitpid(pid, 0)
    os.read(reader, 1)
    os.close(reader)


def orphan(body: Callable[[], object]) -> None:
    """The parent of whoever does it is gone."""
    before = os.getpid()
    if os.fork() == 0:
        while os.getppid() == before:
            pass
        body()


def sibling(body: Callable[[], object]) -> None:
    """A child that is our parent's."""

    def clone() -> object:
        if call("clone", CLONE_PARENT | signal.SIGCHLD, 0, 0, 0, 0) == 0:
            body()
            os._exit(0)
        return "a sibling"

    attempt("sibling", clone)


def main() -> None:
    directory, number = arguments()
    here, port = Path(directory), int(number)
    me = [sys.executable, "-B", "-m", "programs.own_landlock"]

    def body(who: str) -> Callable[[], None]:
        return lambda: tries(who, here, port)

    def restricted(who: str, how: Callable[[Callable[[], object]], object]) -> None:
        in_child(lambda: (restrict(), how(body(who))))

    if os.environ.get("WHO"):
        tries(os.environ["WHO"], here, port)
        return
    (here / "victim").write_text("")
    tries("own before", here, port)
    restricted("itself", lambda act: act())
    restricted("child", in_child)
    restricted("grandchild", lambda act: in_child(lambda: in_child(act)))
    restricted("thread", in_thread)
    in_child(lambda: (in_thread(restrict), tries("beside a thread", here, port)))
    restricted("orphan", orphan)
    restricted("orphan's child", lambda act: orphan(lambda: in_child(act)))
    restricted("executed", lambda _: os.execve(me[0], [*me, *arguments()], _who("executed")))
    restricted("sibling's", sibling)
    call("prctl", PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    restricted("adopted", orphan)
    in_child(lambda: in_child(lambda: (restrict(), orphan(body("adopted below")))))
    tries("own after", here, port)
    in_child(body("child of a reaper"))


def in_thread(act: Callable[[], object]) -> None:
    thread = threading.Thread(target=act)
    thread.start()
    thread.join()


def _who(name: str) -> dict[str, str]:
    return {**os.environ, "WHO": name}


if __name__ == "__main__":
    main()
