"""What a process was given by whoever started it, as /proc and others show it to its user.

A run is to be as if its caller had started it. So the two are compared, all that a process hands
down to its children, except what a process can give itself and `becoming` does: proc(5).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from nono.supervisor.linux.processes import read_bounded

_MAX_BYTES = 1 << 14
_MAX_CGROUPS = 1 << 16
_MAX_LINE = 1 << 12
_STATUS = {
    "Uid": "user",
    "Gid": "group",
    "Groups": "groups",
    "CapInh": "capabilities",
    "CapPrm": "capabilities",
    "CapEff": "capabilities",
    "CapBnd": "capabilities",
    "CapAmb": "capabilities",
    "NoNewPrivs": "no_new_privs",
    "Seccomp": "seccomp filters",
    "Seccomp_filters": "seccomp filters",
    "Speculation_Store_Bypass": "speculation",
    "SpeculationIndirectBranch": "speculation",
    "Cpus_allowed": "processors",
    "Mems_allowed": "memory nodes",
    "THP_enabled": "transparent huge pages",
}
_FILES = {
    "cgroup": "control groups",
    "attr/current": "label of the security module",
    "oom_score_adj": "oom_score_adj",
    "loginuid": "audit session",
    "sessionid": "audit session",
    "coredump_filter": "core dumps",
}
_POLICY = 1
"""The field of proc_pid_numa_maps(5) that says a policy, which the program's first lines have of
the process: set_mempolicy(2)."""
_UNHANDED = ("CapInh", "CapAmb")
"""Capabilities that say nothing of how a program of root's starts only while there are none: with
them, securebits(7) could differ and no other number show it."""
_NONE = "0" * 16


def status_of(pid: int) -> dict[str, str]:
    """The lines of proc_pid_status(5). Raises OSError."""
    text = read_bounded(f"/proc/{pid}/status", _MAX_BYTES).decode("utf-8", "replace")
    pairs = (line.partition(":") for line in text.splitlines())
    return {name: value.strip() for name, _, value in pairs}


def seen(pid: int, status: Mapping[str, str]) -> list[tuple[str, object]]:
    """Everything that is compared of a process, each with its name. Raises OSError."""
    return [*_facts(pid, status)]


def difference(ours: list[tuple[str, object]], theirs: list[tuple[str, object]]) -> str:
    """The name of the first that differs; empty where none does."""
    for one, other in zip(ours, theirs, strict=False):
        if one != other:
            return one[0]
    return "" if len(ours) == len(theirs) else "namespaces"


def cannot_be_told(status: Mapping[str, str], of_first: Mapping[str, str]) -> str:
    """What makes two processes that look the same two that may not be; empty for nothing.

    `of_first` is of the first process that there is: filters are handed down and never taken off,
    so as many as it has are those that it has.
    """
    if any(status.get(name) != _NONE for name in _UNHANDED):
        return "capabilities that are handed down"
    filters = ("Seccomp", "Seccomp_filters")
    if status.get("Seccomp") != "0" and (
        "Seccomp_filters" not in status
        or any(status.get(name) != of_first.get(name) for name in filters)
    ):
        return "seccomp filters"
    return ""


def _facts(pid: int, status: Mapping[str, str]) -> Iterator[tuple[str, object]]:
    for key, name in _STATUS.items():
        yield name, status.get(key)
    for namespace in sorted(os.listdir(f"/proc/{pid}/ns")):
        yield "namespaces", os.readlink(f"/proc/{pid}/ns/{namespace}")
    root = os.stat(f"/proc/{pid}/root")
    yield "root directory", (os.readlink(f"/proc/{pid}/root"), root.st_dev, root.st_ino)
    program = os.stat(f"/proc/{pid}/exe")
    yield "interpreter", (program.st_dev, program.st_ino)
    for file, name in _FILES.items():
        try:
            yield name, read_bounded(f"/proc/{pid}/{file}", _MAX_CGROUPS)
        except OSError as error:  # a kernel without it
            yield name, error.errno
    yield "memory policy", _memory_policy(pid)
    yield "priority", os.getpriority(os.PRIO_PROCESS, pid)
    yield "scheduling", (os.sched_getscheduler(pid), os.sched_getparam(pid).sched_priority)


def _memory_policy(pid: int) -> object:
    try:
        return read_bounded(f"/proc/{pid}/numa_maps", _MAX_LINE).split(maxsplit=2)[_POLICY]
    except FileNotFoundError as error:  # a kernel without it
        return error.errno
