"""What failed in our own code while it served calls. Each such call was denied."""

from __future__ import annotations

from collections.abc import Callable

_MAX_FAULTS = 20


class Faults:
    """Tracebacks, at most 20 of them. May be used from any thread.

    `masked` takes out what nobody may see.
    """

    def __init__(self, masked: Callable[[str], str] = str) -> None:
        self.texts: list[str] = []
        self._masked = masked

    def note(self) -> None:
        """To be called while the exception is handled. Never raises."""
        if len(self.texts) < _MAX_FAULTS:
            try:
                import traceback  # which nothing but a fault needs

                self.texts.append(self._masked(traceback.format_exc()))
            except Exception as error:  # where there is no memory, or no descriptor, to import it
                self.texts.append(self._masked(repr(error.__context__)))
