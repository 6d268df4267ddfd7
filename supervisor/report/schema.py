"""What every report of a run begins with, so that programs know what they read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

SCHEMA = "nono-run"
VERSION = 1
"""Another one when a key is gone or means something else; more keys may come in the same."""


def heading(argv: Sequence[str], duration: float) -> dict[str, Any]:
    """The first keys. `duration` is in seconds."""
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "argv": list(argv),
        "duration": round(duration, 6),
    }
