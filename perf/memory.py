"""What a process holds, as the kernel counts it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Held:
    """Resident size and the share of it that is the process's own, in kB; descriptors; threads.

    What several processes share counts for each of them in `resident`, and in parts in `share`.
    """

    resident: int
    share: int
    descriptors: int
    threads: int


def held(pid: int) -> Held:
    """Of a process of ours. Raises OSError when it is gone."""
    status = _fields(f"/proc/{pid}/status")
    return Held(
        status["VmRSS"],
        _fields(f"/proc/{pid}/smaps_rollup")["Pss"],
        len(os.listdir(f"/proc/{pid}/fd")),
        status["Threads"],
    )


def resident(pid: int) -> int:
    """The resident size alone, in kB."""
    return _fields(f"/proc/{pid}/status")["VmRSS"]


def processor(pid: int) -> float:
    """The processor seconds of a process and of all that it started and is still there."""
    tick = os.sysconf("SC_CLK_TCK")
    found = 0.0
    for each in (pid, *_below(pid)):
        with contextlib.suppress(OSError):
            with open(f"/proc/{each}/stat", encoding="utf-8", errors="replace") as file:
                words = file.read().rpartition(")")[2].split()
            found += sum(map(int, words[11:15])) / tick  # utime, stime, and those of the waited for
    return found


def _below(pid: int) -> Iterator[int]:
    for child in _children(pid):
        yield child
        yield from _below(child)


def named(pid: int, name: str) -> list[int]:
    """The processes of this name that a process or its children started."""
    ours = _children(pid)
    return [each for each in (*ours, *(c for p in ours for c in _children(p))) if _is(each, name)]


def _is(pid: int, name: str) -> bool:
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().strip() == name
    except OSError:
        return False


def _children(pid: int) -> list[int]:
    """Those of all its threads; none once it is gone."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
                found += map(int, file.read().split())
    return found


def _fields(path: str) -> dict[str, int]:
    """The numbers of a file of `Name: number [kB]` lines."""
    with open(path, encoding="utf-8", errors="replace") as file:
        return dict(_numbers(file))


def _numbers(lines: Iterator[str]) -> Iterator[tuple[str, int]]:
    for line in lines:
        name, _, value = line.partition(":")
        first = value.split()[:1]
        if first and first[0].isdecimal():
            yield name, int(first[0])
