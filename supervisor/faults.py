"""What failed in our own code while it served calls. Each such call was denied."""

from __future__ import annotations

import traceback

_LIMIT = 20


class Faults:
    """Tracebacks, at most 20 of them. May be used from any thread."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def note(self) -> None:
        """To be called while the exception is handled."""
        if len(self.texts) < _LIMIT:
            self.texts.append(traceback.format_exc())
