"""The processes below one of ours, as /proc shows them: proc_pid_stat(5)."""

from __future__ import annotations

import os
from collections.abc import Container

from nono.broker.named_tuple import NamedTuple

_MAX_DEPTH = 4096
_CONSOLE, _PSEUDOTERMINAL = 4, 136
_CONSOLES = 64
"""Device numbers: "Linux allocated devices", in the kernel's documentation."""


def is_within(pid: int, ancestor: int) -> bool:
    """True when `ancestor` is a proper ancestor of `pid`.

    The sandbox's init is the reaper of all its orphans, so the chain of parents of every process
    in the sandbox leads to it, and no other process's does.
    """
    for _ in range(_MAX_DEPTH):
        parent = parent_of(pid)
        if parent == ancestor:
            return True
        if parent is None or parent <= 1:
            return False
        pid = parent
    return False


def parent_of(pid: int) -> int | None:
    """The parent's process id; None when there is no such process."""
    try:
        return int(_stat_fields(pid)[1])
    except (OSError, ValueError, IndexError):
        return None


def lineage_of(pid: int) -> list[int]:
    """The process and its ancestors, nearest first; none where one of them is gone meanwhile."""
    found = [pid]
    while found[-1] > 1:
        parent = parent_of(found[-1])
        if parent is None or len(found) > _MAX_DEPTH:
            return []
        if parent == 0:  # what is above is in another pid namespace
            break
        found.append(parent)
    return found


def name_of(pid: int) -> str:
    """What the process calls itself, as ps(1) shows it. Raises OSError when it is gone."""
    return os.fsdecode(read_bounded(f"/proc/{pid}/comm", 64).rstrip(b"\n"))


def children_of(pid: int) -> list[int]:
    """Its children now, of every thread. Raises OSError when it is gone."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")
        lists = [read_bounded(f"/proc/{pid}/task/{each}/children", 1 << 16) for each in threads]
        return [int(each) for listed in lists for each in listed.split()]
    except FileNotFoundError:  # a kernel without CONFIG_PROC_CHILDREN, or a thread that is gone
        return [
            int(each)
            for each in os.listdir("/proc")
            if each.isdecimal() and parent_of(int(each)) == pid
        ]


class Started(NamedTuple):
    """A process: its parent, and when it started."""

    parent: int
    ticks: int
    """Clock ticks since the machine started, a hundredth of a second each."""


def started(pid: int) -> Started | None:
    """None when there is no such process. A number is another process's with another start."""
    try:
        fields = _stat_fields(pid)
        return Started(int(fields[1]), int(fields[19]))
    except (OSError, ValueError, IndexError):
        return None


def state_of(pid: int) -> str:
    """The state letter of proc_pid_stat(5), such as T for stopped; empty when it is gone."""
    try:
        return _stat_fields(pid)[0].decode("ascii")
    except (OSError, IndexError):
        return ""


def terminal_of(pid: int) -> str:
    """The name of the process's controlling terminal, below /dev; empty for none, or others."""
    try:
        number = int(_stat_fields(pid)[4])
    except (OSError, ValueError, IndexError):
        return ""
    major, minor = os.major(number), os.minor(number)
    if major == _PSEUDOTERMINAL:
        return f"pts/{minor}"
    return f"tty{minor}" if major == _CONSOLE and 0 < minor < _CONSOLES else ""


def group_of(pid: int) -> int:
    """The process group; 0 when there is no such process."""
    try:
        return int(_stat_fields(pid)[2])
    except (OSError, ValueError, IndexError):
        return 0


def is_pending(pid: int, number: int) -> bool:
    """True when the signal waits for the process as a whole: ShdPnd in proc_pid_status(5)."""
    try:
        text = read_bounded(f"/proc/{pid}/status", 8192)
        pending = text.partition(b"\nShdPnd:")[2].split(maxsplit=1)[0]
        return bool(int(pending, 16) >> (number - 1) & 1)
    except (OSError, IndexError, ValueError):
        return False


def _stat_fields(pid: int) -> list[bytes]:
    """The fields of /proc/PID/stat after the command name, which may hold any byte but NUL."""
    return read_bounded(f"/proc/{pid}/stat", 4096).rpartition(b")")[2].split()


def read_bounded(path: str, limit: int) -> bytes:
    """At most `limit` bytes of a file. Raises OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(fd, limit)
    finally:
        os.close(fd)


def descendants(pid: int, without: Container[int] = ()) -> list[int]:
    """Every process that has `pid` as an ancestor now, nearest first.

    `without` are processes to leave out, with all that is below them.
    """
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdecimal():
            parent = parent_of(int(name))
            if parent is not None:
                children.setdefault(parent, []).append(int(name))
    found, queue = [], [pid]
    while queue:
        below = [pid for pid in children.pop(queue.pop(), []) if pid not in without]
        found.extend(below)
        queue.extend(below)
    return found


def children() -> frozenset[int]:
    """The children of the calling thread: proc_tid_children(5), or a look at every process."""
    try:
        with open("/proc/thread-self/children", "rb") as file:
            return frozenset(map(int, file.read().split()))
    except FileNotFoundError:  # a kernel without CONFIG_PROC_CHILDREN
        return frozenset(descendants(os.getpid()))
