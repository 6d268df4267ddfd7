"""What there is near a path that leads nowhere."""

from __future__ import annotations

import os


def nearest_directory(path: str) -> str:
    """What is there, of the directories that a path goes through: the names in it tell more of a
    mistyped one than that it is missing."""
    while (path := os.path.dirname(path)) and not os.path.isdir(path):
        pass
    return path or os.curdir
