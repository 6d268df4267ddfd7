"""The processes below another one, from /proc."""

from __future__ import annotations

import os

from nono.supervisor.caller import parent_of


def descendants(pid: int) -> list[int]:
    """Every process that has `pid` as an ancestor now, nearest first."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdecimal():
            parent = parent_of(int(name))
            if parent is not None:
                children.setdefault(parent, []).append(int(name))
    found, queue = [], [pid]
    while queue:
        below = children.pop(queue.pop(), [])
        found.extend(below)
        queue.extend(below)
    return found
