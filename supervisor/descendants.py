"""The processes below another one, from /proc."""

from __future__ import annotations

import os
from collections.abc import Container

from nono.supervisor.linux.calls.caller import parent_of


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
        with open("/proc/thread-self/children", encoding="ascii") as file:
            return frozenset(map(int, file.read().split()))
    except FileNotFoundError:  # a kernel without CONFIG_PROC_CHILDREN
        return frozenset(descendants(os.getpid()))
