"""Reading the data files of this package."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

_DIRECTORY = __file__.rpartition("/")[0]
PROFILES = f"{_DIRECTORY}/data/profiles"
"""The directory of the profiles that come with nono."""
# importlib.resources would cost every start 10 ms: it imports archives and temporary files.


@cache
def data(name: str) -> dict[str, Any]:
    """The object in `data/<name>.json`."""
    with open(f"{_DIRECTORY}/data/{name}.json", encoding="utf-8") as file:
        loaded: dict[str, Any] = json.load(file)
    return loaded
