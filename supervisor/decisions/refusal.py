"""A refused call: it was read and decided on, so its errno is what the program is told."""

from __future__ import annotations

from nono.shims.errors import error_text


class Refusal(PermissionError):
    """Raised by `Decisions` with the verdict's errno, after the refusal was noted.

    No other OSError of a handler is one: those may mean that the call could not be read.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number, error_text(number))
        self.number = number
