"""Reading the data files of this package."""

from __future__ import annotations

import marshal
import os
from functools import cache
from typing import Any

_DIRECTORY = __file__.rpartition("/")[0]
PROFILES = f"{_DIRECTORY}/data/profiles"
"""The directory of the profiles that come with nono."""
# importlib.resources would cost every start 10 ms: it imports archives and temporary files.

Kept = dict[str, tuple[int, int, bytes]]
"""By name: the time of a file in nanoseconds, its size, and its object as `marshal` writes it."""
_kept: Kept | None = None


@cache
def data(name: str) -> dict[str, Any]:
    """The object in `data/<name>.json`."""
    path = f"{_DIRECTORY}/data/{name}.json"
    loaded = None if _kept is None else _kept_of(_kept.get(name), path)
    return _read(name, path) if loaded is None else loaded


def share(kept: Kept) -> None:
    """Take what is kept of files that are the same, and put there what had to be read.

    To read the text takes four times as long (`supervisor/cli/kept_modules.py`).
    """
    global _kept
    _kept = kept


def _kept_of(kept: tuple[int, int, bytes] | None, path: str) -> dict[str, Any] | None:
    if kept is None:
        return None
    found = os.stat(path)
    if (found.st_mtime_ns, found.st_size) != kept[:2]:
        return None
    try:
        loaded = marshal.loads(kept[2])
    except (ValueError, EOFError, TypeError):
        return None
    return loaded if isinstance(loaded, dict) else None


def _read(name: str, path: str) -> dict[str, Any]:
    import json  # which most starts do without

    with open(path, encoding="utf-8") as file:
        found = os.fstat(file.fileno())
        loaded: dict[str, Any] = json.load(file)
    if _kept is not None:
        _kept[name] = (found.st_mtime_ns, found.st_size, marshal.dumps(loaded))
    return loaded
