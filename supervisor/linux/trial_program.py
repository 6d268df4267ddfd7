"""What `nono setup --check` runs in a sandbox: one step for each mechanism (`trial.py`).

It is given as text, imports nothing of nono's, and prints one line of JSON: step -> `yes`, or the
error. Its arguments are a file that is closed to it and a host that it may look up.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import socket
import stat
import sys
from collections.abc import Callable

_AF_PACKET = 17


def floor() -> bool:
    try:
        os.close(os.open(sys.argv[1], os.O_RDONLY))
    except PermissionError:
        return True
    return False


def filtered() -> bool:
    """The kernel alone says EPERM of a packet socket; the filter has no such family."""
    try:
        socket.socket(_AF_PACKET, socket.SOCK_RAW).close()
    except OSError as error:
        return "not supported" in os.strerror(error.errno or 0)
    return False


def native() -> bool:
    with open("open/file", "w", encoding="ascii") as file:
        return file.write("text") == len("text")


def broker() -> bool:
    """The directory is carved, since it holds what is denied."""
    before = os.umask(0o007)
    os.close(os.open("file", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    os.mkdir("directory", 0o777)
    os.umask(before)
    return (_mode("file"), _mode("directory")) == (0o660, 0o770)


def metadata() -> bool:
    with open("open/file", encoding="ascii") as file:
        os.fchmod(file.fileno(), 0o600)
    return _mode("open/file") == 0o600


def loopback() -> bool:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return _reach(server, socket.AF_INET)


def unix() -> bool:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        server.listen()
        return _reach(server, socket.AF_UNIX)


def names() -> bool:
    return bool(socket.getaddrinfo(sys.argv[2], 443, type=socket.SOCK_STREAM))


def lock() -> bool:
    with open("open/file", "r+", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
    return True


def inotify() -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.inotify_init1(os.O_CLOEXEC)
    if fd < 0 or libc.inotify_add_watch(fd, b"open", 0x100) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return True


def _mode(path: str) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


def _reach(server: socket.socket, family: int) -> bool:
    with socket.socket(family) as client:
        client.connect(server.getsockname())
        accepted, _ = server.accept()
        with accepted:
            accepted.sendall(b"x")
            return client.recv(1) == b"x"


def _try(step: Callable[[], bool]) -> str:
    try:
        return "yes" if step() else "no"
    except OSError as error:
        return error.strerror or str(error)


STEPS: dict[str, Callable[[], bool]] = {
    "floor": floor,
    "filter": filtered,
    "native": native,
    "broker": broker,
    "metadata": metadata,
    "loopback": loopback,
    "unix": unix,
    "names": names,
    "lock": lock,
    "inotify": inotify,
}

if __name__ == "__main__":
    print(json.dumps({name: _try(step) for name, step in STEPS.items()}))
