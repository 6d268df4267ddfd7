"""Every exit status of the command, in one place."""

from __future__ import annotations

import os

FAILURE = 125


USAGE = 2


INTERRUPTED = 130


def exit_code(status: int) -> int:
    """The program's exit status as a shell gives it: 128 + n for a signal."""
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
