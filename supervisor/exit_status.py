"""Every exit status of the command, and of the processes that it starts for itself.

A negative one is a signal's, as `subprocess` has it: the process ends itself by it (by_signal).
"""

from __future__ import annotations

import os

from nono.shims.signals import signal

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Final

SUCCESS: Final = 0

NO: Final = 1
"""The command did its work and the answer is no: denied, different, damaged, missing."""

USAGE: Final = 2
"""A command that runs no program was used in a wrong way, or failed."""

TIME_IS_UP: Final = 124
"""As timeout(1) says it: the program was still running and was killed."""

NOT_STARTED: Final = 125
"""A command that runs a program could not: the fault is nono's, the options' or the machine's."""

NOT_EXECUTABLE: Final = 126
NOT_FOUND: Final = 127
"""As a shell says it of a command."""


def of_answer(yes: bool) -> int:
    """Of a command that answers a question by its status, too."""
    return SUCCESS if yes else NO


def of_signal(number: int) -> int:
    """Of what the signal ended."""
    return -number


def of_shell(code: int) -> int:
    """What `$?` is after it."""
    return code if code >= 0 else 128 - code


INTERRUPTED: Final = of_signal(signal.SIGINT)
"""Ctrl-C while nono itself did something."""

NO_ANSWER: Final = of_shell(INTERRUPTED)
"""The end of the input, or a no, where nono itself asked for something."""

BROKEN: Final = of_shell(of_signal(signal.SIGKILL))
"""The sandbox broke while the program ran, and every process in it was killed."""


def of_program(status: int) -> int:
    """Of a program with this wait status: its own, or that of the signal."""
    return os.waitstatus_to_exitcode(status)
