"""What keeps this process from making another, or a thread: limits of its user and its cgroup.

fork(2) and pthread_create(3) say no more than EAGAIN, or ENOMEM. Sources: getrlimit(2), cgroups(7),
the kernel's Documentation/admin-guide/cgroup-v2.rst.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from typing import NamedTuple

from nono.broker.rules.paths import lineage
from nono.supervisor.errors import StartError
from nono.supervisor.finding import Finding

_CGROUPS = "/proc/self/cgroup"
_MOUNT = "/sys/fs/cgroup"
_MAX_TEXT = 4096
_NEEDED = 8
"""Processes and threads of one run with room for a program that starts another one."""
_SCARCE_MEMORY = 1 << 30


class Bound(NamedTuple):
    """`where` it is set, and how many processes and threads it allows."""

    where: str
    most: int
    used: int | None
    """None where nobody tells."""


def no_more(step: str) -> StartError:
    """The error for a process or a thread that could not be made."""
    found = [*_said(), *_memory()]
    why = "; ".join(found) if found else "no more processes or threads may be made"
    return StartError(f"cannot start the sandbox: {step}: {why}", "nono setup --check")


def finding() -> Finding:
    """Whether there is room for a run."""
    scarce = [bound for bound in _bounds() if bound.most - (bound.used or 0) < _NEEDED]
    found = "; ".join(map(_words, scarce)) or "there is room"
    cost = "a run takes five processes and threads besides what its program starts"
    return Finding("processes", found, not scarce, cost if scarce else "")


def _said() -> list[str]:
    return [f"there may be no more processes: {_words(bound)}" for bound in _bounds()]


def _words(bound: Bound) -> str:
    used = "" if bound.used is None else f", and {bound.used} are there"
    return f"{bound.where} is {bound.most}{used}"


def _memory() -> Iterator[str]:
    for limit, flag in ((resource.RLIMIT_AS, "-v"), (resource.RLIMIT_DATA, "-d")):
        most = resource.getrlimit(limit)[0]
        if 0 <= most < _SCARCE_MEMORY:
            yield f"memory is bounded: ulimit {flag} is {most >> 10} KiB"


def _bounds() -> Iterator[Bound]:
    """What bounds this process, if anything."""
    most = resource.getrlimit(resource.RLIMIT_NPROC)[0]
    if most >= 0 and os.geteuid() != 0:
        used = _of_this_user()
        if most - used < _NEEDED:
            yield Bound("ulimit -u", most, used)
    for directory in _directories(_read(_CGROUPS)):
        found, used_text = _read(f"{directory}/pids.max"), _read(f"{directory}/pids.current")
        if found.strip().isdecimal():
            used_there = int(used_text) if used_text.strip().isdecimal() else None
            if used_there is None or int(found) - used_there < _NEEDED:
                yield Bound(f"{directory}/pids.max", int(found), used_there)


def _directories(cgroups: str) -> Iterator[str]:
    """Where the bounds of this process's cgroup are, and of those above it.

    A container may see its own cgroup as the root, whatever path it has outside.
    """
    for line in cgroups.splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and "pids" not in controllers.split(","):
            continue
        top = f"{_MOUNT}/pids" if controllers else _MOUNT
        for each in lineage(path) if path.startswith("/") else ():
            yield f"{top}{each}".rstrip("/")


def _of_this_user() -> int:
    """How many processes this user has; threads, which count as well, are not seen from here."""
    ours, count = os.getuid(), 0
    for name in os.listdir("/proc"):
        if name.isdecimal():
            try:
                count += os.stat(f"/proc/{name}").st_uid == ours
            except OSError:  # it has ended
                continue
    return count


def _read(path: str) -> str:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read(_MAX_TEXT)
    except OSError:
        return ""
