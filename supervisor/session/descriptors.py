"""No descriptor is left: what a program with many sandboxes at the same time comes to."""

from __future__ import annotations

import contextlib
import errno
import resource
from collections.abc import Iterator

from nono.supervisor.errors import CommandError, NonoError, StartError

_NONE_LEFT = {errno.EMFILE, errno.ENFILE}


@contextlib.contextmanager
def needing_descriptors() -> Iterator[None]:
    """Raise StartError where no descriptor is left to start a program with."""
    try:
        yield
    except OSError as error:
        if error.errno in _NONE_LEFT:
            raise _none_left(error.errno) from error
        raise


def not_executed(error: CommandError) -> NonoError:
    """The same error, or the one for a command that is well, but whose execve(2) we had none for.

    The kernel gives it no such answer before the program has any of its own.
    """
    return _none_left(error.errno) if error.errno in _NONE_LEFT else error


def _none_left(number: int | None) -> StartError:
    if number == errno.ENFILE:
        why = "this machine has no descriptor left"
        return StartError(f"cannot start the sandbox: {why}", "sysctl fs.file-max")
    return _no_more()


def _no_more() -> StartError:
    """A sandbox has about eight of them, and three more for each program that runs in it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    why = f"this process may have {soft} descriptors, and none is left"
    hint = f"ulimit -n {hard}" if soft < hard else "have fewer sandboxes at the same time"
    return StartError(f"cannot start the sandbox: {why}", hint)
