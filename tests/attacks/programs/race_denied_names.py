"""Bring about, move and reach files named `.env`, which a pattern denies, in every way there is."""

import contextlib
import os
import shutil
import threading
import time
from collections.abc import Callable

END = time.monotonic() + 4
TMP = os.environ["TMPDIR"]
counts = {"won": 0, "tries": 0}


def keep_trying(deed: Callable[[], object]) -> None:
    while time.monotonic() < END:
        counts["tries"] += 1
        with contextlib.suppress(OSError, shutil.Error):
            if deed():
                counts["won"] += 1
                print("WON", deed.__name__)


def show(path: str) -> bool:
    with open(path) as file:
        return "later" in file.read()


def write() -> bool:
    with open("sub/.env", "w"):
        return True


def flip() -> None:
    """One name that is now harmless, now the denied one, in the memory of another thread's call."""
    os.symlink("harmless", "sub/name")
    os.unlink("sub/name")


def rename() -> bool:
    with open("sub/plain", "w") as file:
        file.write("x")
    os.rename("sub/plain", "sub/.env")
    return True


def move_out() -> bool:
    os.rename("sub", f"{TMP}/sub{time.monotonic_ns()}")
    return True


def move_inner() -> bool:
    os.rename("sub/inner", f"{TMP}/inner{time.monotonic_ns()}")
    return True


def move_within() -> bool:
    os.rename("sub/inner", "moved")
    os.rename("moved", "sub/inner")
    return show("moved/.env")


def remove() -> bool:
    os.unlink("sub/.env")
    return True


def link() -> bool:
    os.link("sub/.env", "sub/linked")
    return True


def read() -> bool:
    return show("sub/inner/.env")


deeds = (write, rename, move_out, move_inner, move_within, remove, link, read, flip)
threads = [threading.Thread(target=keep_trying, args=(deed,)) for deed in deeds]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("tries", counts["tries"])
