"""Handles of a process of ours whose number becomes that of a process outside.

Argument: a directory to write in, where the partner listens.
"""

import os
import signal
from collections.abc import Callable, Iterator

from .attempt import arguments, attempt, call, content
from .outside import Outside

TRIES = 50
FILES = ("environ", "mem", "maps", "cmdline", "status", "fd", "task")


def process() -> int:
    """A process of ours, which ends when it is told to."""
    child = os.fork()
    if child == 0:
        signal.pause()
    return child


def end(child: int) -> None:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def attacks(
    pid: int, handles: dict[str, int], pidfd: int
) -> Iterator[tuple[str, Callable[[], object]]]:
    directory = handles[""]
    for name in FILES:
        path = f"/proc/{pid}/{name}"
        yield path, lambda p=path: content(os.open(p, os.O_RDONLY))
        yield f"below: {name}", lambda n=name: content(os.open(n, os.O_RDONLY, dir_fd=directory))
        for place in (f"/proc/self/fd/{directory}/{name}", f"/proc/self/fd/{handles[name]}"):
            yield f"{place} {name}", lambda p=place: content(os.open(p, os.O_RDONLY))
    yield "signal", lambda: os.kill(pid, signal.SIGUSR1)
    yield "signal by a pidfd", lambda: signal.pidfd_send_signal(pidfd, signal.SIGUSR1)
    yield "descriptor", lambda: call("pidfd_getfd", pidfd, 0, 0)


def main() -> None:
    (work,) = arguments()
    outside = Outside(work)
    for _ in range(TRIES):
        child = process()
        handles = {name: os.open(f"/proc/{child}/{name}", os.O_PATH) for name in ("", *FILES)}
        pidfd = os.pidfd_open(child)
        end(child)
        if outside.become(child) == child:
            break
    else:
        raise RuntimeError("the number did not come back")
    for label, attack in attacks(child, handles, pidfd):
        attempt(label, attack)


if __name__ == "__main__":
    main()
