"""nono as it is on a Mac, on Linux: the real code, with a library that holds nobody.

    python -P tests/seatbelt/mac.py DIRECTORY WORD...
    python -P tests/seatbelt/mac.py DIRECTORY -c CODE

It runs `nono WORD...`, or the code, as on macOS, as far as that can be: `sys.platform` is darwin's,
what Python has there alone is stood in for, and what it has on Linux alone is gone, /proc too. In
DIRECTORY are libsandbox.so, made of `fake_sandbox.c`, and a program `log`; what the library is
given is recorded there.
"""

from __future__ import annotations

import builtins
import errno
import fcntl
import os
import select
import signal
import socket
import sys
import sysconfig
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

# What others made is imported as this machine has it.
import click  # noqa: F401
import msgpack  # noqa: F401
import trio  # noqa: F401

sysconfig.get_config_vars()
F_GETPATH = 50
NOWHERE = "/proc"
LINUX_ONLY: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (os, ("O_PATH", "O_TMPFILE", "pipe2", "memfd_create", "pidfd_open", "sched_getaffinity")),
    (signal, ("sigtimedwait", "sigwaitinfo", "pidfd_send_signal")),
    (socket, ("SOCK_CLOEXEC", "SOCK_NONBLOCK", "SO_PEERCRED", "MSG_NOSIGNAL", "MSG_CMSG_CLOEXEC")),
)
_listdir, _open, _readlink = os.listdir, builtins.open, os.readlink
_fcntl, _set_xattr = fcntl.fcntl, getattr(os, "setxattr", None)


class Queue:
    """kqueue(2) for processes, as far as it is looked at: nothing wakes who waits for it."""

    def __init__(self) -> None:
        self._fd = os.eventfd(0)
        self._known: dict[int, set[int]] = {}

    def fileno(self) -> int:
        return self._fd

    def close(self) -> None:
        os.close(self._fd)

    def control(
        self, changes: Sequence[SimpleNamespace] | None, most: int, timeout: float | None = None
    ) -> list[SimpleNamespace]:
        for change in changes or ():
            os.kill(change.ident, 0)  # ProcessLookupError, as kevent(2) has ESRCH
            self._known[change.ident] = set()
        found = []
        for pid, known in list(self._known.items())[: most or None]:
            children = _children(pid)
            notes = select.KQ_NOTE_FORK if children - known else 0  # type: ignore[attr-defined]
            self._known[pid] |= children
            if not _is_alive(pid):
                notes |= select.KQ_NOTE_EXIT  # type: ignore[attr-defined]
                del self._known[pid]
            if notes and most:
                found.append(SimpleNamespace(ident=pid, fflags=notes))
        return found


def _children(pid: int) -> set[int]:
    try:
        with _open(f"{NOWHERE}/{pid}/task/{pid}/children") as file:
            return set(map(int, file.read().split()))
    except OSError:
        return set()


def _is_alive(pid: int) -> bool:
    try:
        with _open(f"{NOWHERE}/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def _without_proc(function: Callable[..., Any]) -> Callable[..., Any]:
    def there(path: Any, *words: Any, **named: Any) -> Any:
        if isinstance(path, str) and (path + "/").startswith(NOWHERE + "/"):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return function(path, *words, **named)

    return there


def _mac_fcntl(fd: Any, command: int, argument: Any = 0) -> Any:
    if command != F_GETPATH:
        return _fcntl(fd, command, argument)
    return os.fsencode(_readlink(f"{NOWHERE}/self/fd/{fd}")) + b"\0" * 8


def go_there(directory: str) -> None:
    """From now on whatever of nono is imported is imported on macOS."""
    sys.platform = "darwin"
    os.environ["NONO_FAKE"] = directory
    names = {"KQ_FILTER_PROC": -5, "KQ_EV_ADD": 1, "KQ_NOTE_FORK": 1 << 30, "KQ_NOTE_EXIT": 1 << 31}
    for name, value in names.items():
        setattr(select, name, value)
    select.kqueue = Queue  # type: ignore[attr-defined]
    select.kevent = lambda ident, kind, flags, notes: SimpleNamespace(ident=ident)  # type: ignore[attr-defined]
    for module, absent in LINUX_ONLY:
        for name in absent:
            if hasattr(module, name):
                delattr(module, name)
    fcntl.fcntl = _mac_fcntl
    for name in ("open", "readlink", "listdir", "stat", "lstat", "scandir"):
        setattr(os, name, _without_proc(getattr(os, name)))
    builtins.open = _without_proc(builtins.open)
    from nono.shims.macos import library, log

    library.PATH = os.path.join(directory, "libsandbox.so")
    log.LOG = os.path.join(directory, "log")
    from nono.supervisor.macos.launch import start

    here = os.path.dirname(os.path.abspath(__file__))
    there = f"sys.path.insert(0, {here!r}); import mac; mac.go_there({directory!r})"
    start.PROLOGUE += f"; {there}"


def main(words: Sequence[str]) -> None:
    go_there(words[0])
    if words[1] == "-c":
        exec(words[2], {"__name__": "__main__"})
        return
    from nono.supervisor.by_signal import end_by
    from nono.supervisor.cli.main import main as nono

    try:
        nono(list(words[1:]))
    except SystemExit as end:
        if isinstance(end.code, int) and end.code < 0:
            end_by(-end.code)
        raise


if __name__ == "__main__":
    main(sys.argv[1:])
