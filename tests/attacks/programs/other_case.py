"""Tries what is refused under names that the file system takes for the same: one line for each.

`other_case.py MARK`: it is in the secrets. Everything is tried; `WON` says that it worked.
"""

import ctypes
import os
import socket
import sys
from collections.abc import Callable
from typing import Any

MARK = sys.argv[1]
libc = ctypes.CDLL(None, use_errno=True)


def read(path: str) -> bool:
    with open(path) as file:
        return MARK in file.read()


def write(path: str) -> bool:
    with open(path, "a") as file:
        file.write("x")
    return True


def make(path: str) -> bool:
    with open(path, "x") as file:
        file.write("x")
    return True


def rename(one: str, other: str) -> bool:
    os.rename(one, other)
    return True


def exchange(one: str, other: str) -> bool:
    if libc.renameat2(-100, one.encode(), -100, other.encode(), 2):
        raise OSError(ctypes.get_errno(), "renameat2")
    return True


def link_and_read(target: str, path: str) -> bool:
    os.symlink(target, path)
    return read(path)


def hard_link(target: str, path: str) -> bool:
    os.link(target, path)
    return read(path)


def bind(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
    return True


def done(function: Callable[..., object]) -> Callable[..., bool]:
    def call(*arguments: object) -> bool:
        function(*arguments)
        return True

    return call


def moved_away(directory: str, path: str) -> bool:
    os.rename(directory, "away")
    return read("away/" + path)


def in_a_new_directory(path: str) -> bool:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    return make(path)


NEW = "made"
ATTEMPTS: dict[str, tuple[Any, ...]] = {
    "read the file": (read, "SECRETS/KEY"),
    "read in another directory's case": (read, "SeCrEtS/key"),
    "read by the name as it is": (read, "secrets/key"),
    "read with a dot at the end": (read, "secrets./key"),
    "read with dots at the end": (read, "Secrets.../KEY.."),
    "read with a zero-width space": (read, "sec\u200brets/key"),
    "read by a short name": (read, "SECRET~1/KEY"),
    "read by a short name of the file": (read, "LONGNA~1"),
    "read what a pattern names": (read, ".ENV"),
    "read what a pattern names below": (read, "SUB/.Env"),
    "read what a pattern names with a dot": (read, "sub/.env."),
    "read what a pattern names by a short name": (read, "sub/.env~1"),
    "read over a link": (link_and_read, "SECRETS/KEY", "link1"),
    "read over a link to a directory": (link_and_read, ".ENV", "link2"),
    "read through /proc": (read, "/proc/self/cwd/SECRETS/KEY"),
    "write": (write, "SECRETS/KEY"),
    "write a pattern": (write, ".EnV"),
    "rename the file": (rename, ".ENV", "y"),
    "rename the directory": (rename, "SECRETS", "open"),
    "rename the directory above": (rename, "SUB", "open2"),
    "rename over": (rename, "other", ".ENV"),
    "exchange": (exchange, ".ENV", "other"),
    "exchange directories": (exchange, "SECRETS", "otherdir"),
    "remove": (done(os.unlink), ".ENV"),
    "remove in the directory": (done(os.unlink), "SECRETS/KEY"),
    "remove by a short name": (done(os.unlink), "LONGNA~1"),
    "truncate": (done(os.truncate), "SECRETS/KEY", 0),
    "mode": (done(os.chmod), "SECRETS/KEY", 0o777),
    "times": (done(os.utime), ".ENV"),
    "hard link": (hard_link, ".ENV", "hard"),
    "make in the refused directory": (make, "SECRETS/new"),
    "make by a pattern": (in_a_new_directory, "fresh/.ENV"),
    "make a name of a start file": (make, ".ENVRC"),
    "make a directory that editors trust": (done(os.mkdir), ".VSCode"),
    "bind": (bind, "fresh/.EnV"),
    "write to a hook": (write, ".GIT/HOOKS/pre-commit"),
    "write the configuration": (write, ".Git/Config"),
    "replace the configuration": (rename, "other", ".GIT/CONFIG"),
    "move the repository": (rename, ".GIT", "git2"),
    "move what will hold a refused name": (moved_away, "sub/deep", ".ENV"),
}
HONEST: dict[str, tuple[Any, ...]] = {
    "honest: read": (read, "open.txt"),
    "honest: write": (write, "open.txt"),
    "honest: other case": (write, "OPEN.TXT"),
    "honest: make": (make, "Fresh.txt"),
    "honest: make and move": (rename, "Fresh.txt", "fresh/Moved.txt"),
    "honest: directory": (in_a_new_directory, "New/Directory/file"),
    "honest: remove": (done(os.unlink), "New/Directory/file"),
}


def main() -> None:
    for name, (attempt, *arguments) in {**ATTEMPTS, **HONEST}.items():
        try:
            result = "WON" if attempt(*arguments) else "nothing"
        except OSError as error:
            result = str(error.strerror)
        print(f"{name}\t{result}", flush=True)


main()
