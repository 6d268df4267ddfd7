"""Put a harmless config.lock in place again and again, while others change all that is near it."""

import contextlib
import os
import threading
import time
from collections.abc import Callable

with open(".git/config") as original:
    GOOD = original.read() + "[user]\n\tname = A\n"
BAD = GOOD + "[core]\n\tfsmonitor = touch 'ran outside'\n"
LOCK, OURS = ".git/config.lock", ".git/config.nono"
END = time.monotonic() + 2.5
BOUND = END + 60
counts = {"renamed": 0, "rounds": 0}


def keep_trying(deed: Callable[[], None]) -> None:
    """Until the end, and then with less haste until one was put in place."""
    while (now := time.monotonic()) < END or (not counts["renamed"] and now < BOUND):
        with contextlib.suppress(OSError):
            deed()
        if now >= END and deed is not put:
            time.sleep(0.05)


def write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)


def put() -> None:
    counts["rounds"] += 1
    write(LOCK, GOOD)
    os.rename(LOCK, ".git/config")
    counts["renamed"] += 1


def overwrite() -> None:
    with open(LOCK, "r+") as file:
        for _ in range(20):
            file.seek(0)
            file.write(BAD)
            file.flush()


def overwrite_ours() -> None:
    write(OURS, BAD)


def exchange() -> None:
    write("src/bad", BAD)
    os.rename("src/bad", LOCK)


def exchange_ours() -> None:
    write("src/worse", BAD)
    os.rename("src/worse", OURS)


def link() -> None:
    os.link(".git/config", "src/linked")


def point_elsewhere() -> None:
    os.symlink("../src/file", LOCK)


# What is only done in src is continued, and so faster: enough of the others put theirs.
deeds = (*[put] * 4, overwrite, overwrite_ours, exchange, exchange_ours, link, point_elsewhere)
threads = [threading.Thread(target=keep_trying, args=(deed,)) for deed in deeds]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("rounds", counts["rounds"], "renamed", counts["renamed"])
