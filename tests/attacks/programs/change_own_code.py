"""Try to change each of the paths given, in every way; print what was possible."""

import os
import shutil
import sys

TEXT = "raise SystemExit('changed')\n"


def write(path: str) -> None:
    with open(path, "a") as file:
        file.write(TEXT)


def make(path: str) -> None:
    os.makedirs(path)


def replace(path: str) -> None:
    os.rename(path, "aside")


def put(path: str) -> None:
    write("mine")
    os.rename("mine", path)


def hard_link_in(path: str) -> None:
    write("mine")
    os.link("mine", path)


def hard_link_out(path: str) -> None:
    os.link(path, "theirs")
    write("theirs")


def link(path: str) -> None:
    os.symlink("/nowhere", path)


def change_mode(path: str) -> None:
    os.chmod(path, 0o777)


def change_times(path: str) -> None:
    os.utime(path, (1, 1))


def shorten(path: str) -> None:
    os.truncate(path, 0)


def remove(path: str) -> None:
    shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)


WAYS = [
    write, make, put, hard_link_in, link, hard_link_out, change_mode, change_times, shorten,
    replace, remove,
]  # fmt: skip

for path in sys.argv[1:]:
    for way in WAYS:
        try:
            way(path)
        except OSError:
            continue
        print(way.__name__, path)
