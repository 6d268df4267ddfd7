"""Do what an agent was seen to do, and print what of it was refused.

The words are a name of `DEEDS` and a path, or a host, each.
"""

import ctypes
import os
import socket
import sys
from collections.abc import Callable


def make_directory(path: str) -> None:
    os.makedirs(path, exist_ok=True)


def make_file(path: str) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write("{}")


def read(path: str) -> None:
    with open(path) as file:
        file.read()


def watch(path: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.inotify_add_watch(libc.inotify_init(), os.fsencode(path), 0x100) < 0:
        raise OSError(ctypes.get_errno(), path)


def connect(host: str) -> None:
    socket.create_connection((host, 443), timeout=10).close()


DEEDS: dict[str, Callable[[str], object]] = {
    "connect": connect,
    "make": make_directory,
    "write": make_file,
    "read": read,
    "list": os.listdir,
    "watch": watch,
}

for deed, path in zip(sys.argv[1::2], sys.argv[2::2], strict=True):
    try:
        DEEDS[deed](path)
    except OSError:
        print(deed, path)
