"""The end of this process by a signal, as the program that it stands for ended.

An exit status of 128 and more says that the signal was handled: a shell goes on with its loop,
xargs(1) with the next file, and a service that was stopped has failed. Sources: wait(2), signal(7).
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import resource
from contextlib import suppress

_IGNORED_BY_PYTHON = (_signal.SIGPIPE, _signal.SIGXFSZ)
_NO_CORE = 1
"""Bytes: a core is larger, and with this limit none is piped to a program either, as it is with 0:
core(5), do_coredump() in the kernel's fs/coredump.c."""


def end_by(number: int) -> None:
    """End this process by that signal, without a core dump: the program has had its own.

    Comes back where that cannot be: this process was started with the signal ignored, it is the
    first one of a container (pid_namespaces(7)), or the C library has the signal for itself. To be
    called in the main thread.
    """
    if number not in _signal.valid_signals() or _is_ignored(number):
        return
    most = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (0 if most == 0 else _NO_CORE, most))
    with suppress(OSError):  # of SIGKILL it cannot be set, nor has to be
        _signal.signal(number, _signal.SIG_DFL)
    _signal.pthread_sigmask(_signal.SIG_UNBLOCK, [number])
    _signal.raise_signal(number)


def _is_ignored(number: int) -> bool:
    return _signal.getsignal(number) == _signal.SIG_IGN and number not in _IGNORED_BY_PYTHON
