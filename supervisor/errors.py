"""Every error that the supervisor raises, by whose fault it is.

Each says what, where and why, and may carry a hint that can be pasted into a shell.
"""

from __future__ import annotations

import errno
import os


class NonoError(Exception):
    """The base. `str()` is one line for people; `hint` is a command or an advice, or empty."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(NonoError):
    """The person's fault: an option names something that does not exist or cannot be meant."""


class StartError(NonoError):
    """The machine's fault: the sandbox could not be set up. Nothing was run."""

    @classmethod
    def of_step(cls, step: str, number: int) -> StartError:
        """The error for a step that failed in the child, with what is known about its cause."""
        message = f"cannot start the sandbox: {step}: {os.strerror(number)}"
        return cls(*_CAUSES.get((step, number), (message, "nono setup --check")))


_CAUSES = {
    ("seccomp", errno.EBUSY): (
        "cannot start the sandbox: seccomp: this shell already runs under a filter that has a"
        " listener, and the kernel allows one for each chain of filters",
        "add --floor-only to run without the broker, or run nono outside the other sandbox",
    ),
    ("seccomp", errno.EINVAL): (
        "cannot start the sandbox: seccomp: the kernel knows no WAIT_KILLABLE_RECV; Linux 5.19"
        " or newer is needed",
        "nono setup --check",
    ),
}


class CommandError(NonoError):
    """The command cannot be executed. `exit_code` is 126 or 127, as a shell says."""

    def __init__(self, command: str, number: int) -> None:
        found = number not in (errno.ENOENT, errno.ENOTDIR)
        self.exit_code = 126 if found else 127
        self.errno = number
        super().__init__(f"{command}: {os.strerror(number) if found else 'command not found'}")
