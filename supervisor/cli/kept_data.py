"""What is in nono's data files, kept as objects beside the compiled modules.

Each is good for the time and the size that its file had before it was read.
"""

from __future__ import annotations

import marshal
import os

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which is among what is kept
    from collections.abc import Callable
    from typing import Any

    Kept = dict[str, tuple[int, int, bytes | tuple[int, int]]]
    """By path: a file's time in nanoseconds, its size, and its object as `marshal` writes it, or
    where that is kept, and its length: most starts need few of them."""


class KeptData:
    """Finds objects in what is kept, and puts there what is new."""

    def __init__(self, kept: Kept, read: Callable[[int, int], bytes]) -> None:
        self._kept = kept
        self._read = read
        self._seen: dict[str, tuple[int, int]] = {}

    def find(self, path: str) -> dict[str, Any] | None:
        """What is in a file, if that is kept and it is the same. Raises OSError where none is."""
        status = os.stat(path)
        seen = self._seen[path] = status.st_mtime_ns, status.st_size
        time, size, text = self._kept.get(path, (0, 0, b""))
        if (time, size) != seen:
            return None
        try:
            found = marshal.loads(text if isinstance(text, bytes) else self._read(*text))
        except (OSError, ValueError, EOFError, TypeError):
            return None
        return found if isinstance(found, dict) else None

    def keep(self, path: str, loaded: dict[str, Any]) -> None:
        """Keep what was read of a file that was looked for before."""
        self._kept[path] = (*self._seen[path], marshal.dumps(loaded))
