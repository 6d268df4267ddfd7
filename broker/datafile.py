"""Reading the data files of this package."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from collections.abc import Callable
    from typing import Any

    Find = Callable[[str], dict[str, Any] | None]
    Keep = Callable[[str, dict[str, Any]], None]

DATA = f"{__file__.rpartition('/')[0]}/data"
PROFILES = f"{DATA}/profiles"
"""The directory of the profiles that come with nono."""
# importlib.resources would cost every start 10 ms: it imports archives and temporary files.

_kept: list[tuple[Find, Keep]] = []
_found: dict[str, dict[str, Any]] = {}


def data(name: str) -> dict[str, Any]:
    """The object in `data/<name>.json`."""
    if name not in _found:
        _found[name] = _read(name)
    return _found[name]


def _read(name: str) -> dict[str, Any]:
    path = f"{DATA}/{name}.json"
    for find, _ in _kept:
        found = find(path)
        if found is not None:
            return found
    import json  # which most starts do without

    with open(path, encoding="utf-8") as file:
        loaded: dict[str, Any] = json.load(file)
    for _, keep in _kept:
        keep(path, loaded)
    return loaded


def share(find: Find, keep: Keep) -> None:
    """Ask `find` for what is in a file before it is read, and tell `keep` what was.

    To read the text takes four times as long (`supervisor/cli/kept_data.py`).
    """
    _kept[:] = [(find, keep)]
