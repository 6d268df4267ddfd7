"""Bind unix sockets with these names: by path, relative, from their directory, in a race."""

import contextlib
import ctypes
import os
import socket
import struct
import sys
import threading

from .attempt import attempt, call

_RACES = 300

sys.setswitchinterval(1e-6)


def bind(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(path)


def from_its_directory(path: str) -> None:
    directory, name = os.path.split(path)
    here = os.getcwd()
    os.chdir(directory)
    try:
        bind(name)
    finally:
        os.chdir(here)


def race(path: str) -> None:
    """Bind another name of the same length, which a second thread turns into the refused one."""
    free = path[:-1] + "~"
    names = [struct.pack("=H", socket.AF_UNIX) + os.fsencode(each) for each in (free, path)]
    memory = ctypes.create_string_buffer(names[0])
    ended = threading.Event()

    def flip() -> None:
        while not ended.is_set():
            for name in names:
                memory.raw = name + b"\0"

    thread = threading.Thread(target=flip)
    thread.start()
    try:
        for _ in range(_RACES):
            with socket.socket(socket.AF_UNIX) as sock, contextlib.suppress(OSError):
                call("bind", sock.fileno(), memory, len(names[0]) + 1)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(free)
    finally:
        ended.set()
        thread.join()
    os.lstat(path)


WAYS = {
    "race": race,
    "path": bind,
    "doubled": lambda path: bind(path.replace("/", "//", 2)),
    "back and forth": lambda path: bind(f"{os.path.dirname(path)}/./{os.path.basename(path)}"),
    "relative": lambda path: bind(os.path.relpath(path)),
    "from its directory": from_its_directory,
}

for path in sys.argv[1:]:
    for way, run in WAYS.items():
        attempt(f"{path} {way}", lambda run=run, path=path: run(path))
