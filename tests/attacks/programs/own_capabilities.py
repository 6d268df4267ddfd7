"""Calls that a broker performs, for somebody who gave up rights, and for somebody who waits.

Arguments: a directory where nono performs what is made. There `ready` appears once a file is made
that somebody else may take a lease on, and `leased` once that is done.
"""

import os
import resource
import signal
import struct
import time
from collections.abc import Callable
from pathlib import Path

from .attempt import arguments, attempt, call, content

CHOWN, DAC_OVERRIDE, FOWNER = 1 << 0, 1 << 1, 1 << 3
VERSION_3 = 0x20080522
SOMEBODY = 65534
LIMIT = 4096


def keep_only(effective: int, permitted: int) -> None:
    """capset(2) of this thread, as far as it has them."""
    sets = struct.pack("=6I", effective, permitted, 0, 0, 0, 0)
    call("capset", struct.pack("=Ii", VERSION_3, 0), sets)


def tries(who: str, here: Path) -> None:
    theirs = here / "theirs"
    whats: dict[str, Callable[[], object]] = {
        "read": lambda: content(os.open(theirs / "file", os.O_RDONLY)),
        "read there": lambda: content(os.open(theirs / "open", os.O_RDONLY)),
        "write": lambda: os.close(os.open(theirs / "file", os.O_WRONLY | os.O_APPEND)),
        "wait": lambda: os.close(os.open(theirs / "fifo", os.O_RDWR)),
        "create": lambda: os.close(os.open(theirs / f"{who}-new", os.O_WRONLY | os.O_CREAT)),
        "mkdir": lambda: os.mkdir(theirs / f"{who}-dir"),
        "chmod": lambda: os.chmod(theirs / "file", 0o600),
        "remove": lambda: os.unlink(theirs / f"{who}-victim"),
    }
    for what, how in whats.items():
        attempt(f"{who}: {what}", how)


def in_child(body: Callable[[], object]) -> None:
    pid = os.fork()
    if pid == 0:
        try:
            body()
        finally:
            os._exit(0)
    os.waitpid(pid, 0)


def give_up(here: Path) -> None:
    theirs = here / "theirs"
    theirs.mkdir()
    os.mkfifo(theirs / "fifo")
    for name in ("file", "open", "own-victim", "dropped-victim", "lowered-victim", "after-victim"):
        (theirs / name).write_text("theirs")
    for path, mode in ((theirs / "open", 0o644), (theirs / "file", 0o600), (theirs, 0o700)):
        path.chmod(mode)
    for path in (*theirs.iterdir(), theirs):
        os.chown(path, SOMEBODY, SOMEBODY)
    everything = CHOWN | DAC_OVERRIDE | FOWNER
    tries("own", here)
    in_child(lambda: (keep_only(0, 0), tries("dropped", here)))
    in_child(lambda: (keep_only(CHOWN, everything), tries("lowered", here)))
    tries("after", here)


def limited(here: Path) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    path = here / "limited"
    path.write_text("")
    os.truncate(path, LIMIT)
    attempt("limit", lambda: os.truncate(path, LIMIT + 1))


def wait_for_a_lease(here: Path) -> None:
    (here / "waited-for").write_text("theirs")
    (here / "ready").write_text("")
    while not (here / "leased").exists():
        time.sleep(0.005)
    os.close(os.open(here / "waited-for", os.O_WRONLY | os.O_TRUNC))
    print("mode", oct((here / "waited-for").stat().st_mode), sep="\t")


def main() -> None:
    here = Path(*arguments())
    wait_for_a_lease(here)
    in_child(lambda: limited(here))
    if os.geteuid() == 0:
        give_up(here)


if __name__ == "__main__":
    main()
