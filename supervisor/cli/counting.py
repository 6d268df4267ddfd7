"""`nono run --stats` and `--stats-file`: what is opened before a run, and written after it."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from nono.broker.counting.tally import Tally
from nono.supervisor.cli.messages import say_afterwards
from nono.supervisor.cli.output_file import OutputFile, instead_of
from nono.supervisor.errors import UsageError
from nono.supervisor.report.counted import text


class Counting:
    """Of one run. Made before the program could make the file."""

    def __init__(self, path: str | None) -> None:
        """`path` is the file for JSON, if any. Raises UsageError where it cannot be written."""
        self.tally = Tally()
        self._begin = time.monotonic()
        self._file = OutputFile(_opened(path))

    def plain(self, refused: int) -> dict[str, Any]:
        """As JSON has it, with how long the run took so far, and how many objects were refused."""
        seconds = round(time.monotonic() - self._begin, 6)
        return {**self.tally.plain(), "seconds": seconds, "refused": refused}

    def tell(self, refused: int, *, in_words: bool) -> None:
        """Write the file, and for people to stderr. Raises NonoError."""
        plain = self.plain(refused)
        if in_words:
            say_afterwards(text(plain, plain["seconds"]))
        self._file.write(json.dumps(plain).encode() + b"\n")


def _opened(path: str | None) -> int | None:
    if path is None:
        return None
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        return os.open(path, flags, 0o600)
    except OSError as error:
        why = os.strerror(error.errno or 0)
        hint = instead_of(path, error.errno)
        raise UsageError(f"--stats-file {path}: {why}", hint) from None
