"""The control socket of a run that a test has started."""

from __future__ import annotations

import time
from pathlib import Path

_TIMEOUT = 60


def control_socket(runtime: Path) -> Path:
    """Of the one run that has it below. Where nobody is asked it comes after the program."""
    deadline = time.monotonic() + _TIMEOUT
    while not (found := [*runtime.glob("nono/*.sock")]):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    (socket,) = found
    return socket
