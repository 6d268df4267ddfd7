"""Try to make each of the paths given, in every way; print what was possible."""

import contextlib
import json
import os
import socket
import sys

os.makedirs("/tmp/nono-own-directory", exist_ok=True)


def a_file(path: str) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY))


def a_directory(path: str) -> None:
    os.mkdir(path)


def a_socket(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(path)


def a_link(path: str) -> None:
    os.symlink("/tmp/nono-own-directory", path)


def a_fifo(path: str) -> None:
    os.mkfifo(path)


def a_moved_directory(path: str) -> None:
    aside = os.path.join(os.path.dirname(path), f"nono-aside-{os.getpid()}")
    os.makedirs(aside, exist_ok=True)
    os.rename(aside, path)


def a_moved_file(path: str) -> None:
    aside = os.path.join(os.path.dirname(path), f"nono-file-{os.getpid()}")
    a_file(aside)
    os.rename(aside, path)


def a_hard_link(path: str) -> None:
    aside = os.path.join(os.path.dirname(path), f"nono-file-{os.getpid()}")
    a_file(aside)
    os.link(aside, path)


def below(path: str) -> None:
    os.makedirs(f"{path}/below")


WAYS = (a_file, a_directory, a_socket, a_link, a_fifo, a_moved_directory, a_moved_file)
for path in json.loads(sys.argv[1]):
    for way in (*WAYS, a_hard_link, below):
        try:
            way(path)
        except OSError:
            continue
        print(way.__name__, path)
for path in json.loads(sys.argv[1]):
    for remove, kind in ((os.rmdir, "aside"), (os.unlink, "file")):
        with contextlib.suppress(OSError):
            remove(os.path.join(os.path.dirname(path), f"nono-{kind}-{os.getpid()}"))
with contextlib.suppress(OSError):
    os.rmdir("/tmp/nono-own-directory")
