"""What `nono warm` was started as, which is noted before anything else is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Started(NamedTuple):
    """How this process came to be, and what runs a command line in it."""

    main: Callable[[list[str]], object]
    """Runs its words, and raises SystemExit."""
    end_at_once: Callable[[int], None]
    """Ends the process as an exit code says, or returns where something is left to wait for."""
    searched: list[str]
    """Where the interpreter looked for modules."""
    file: str
    """Of the first module of nono's."""


noted: list[Started] = []
"""One at the most."""
