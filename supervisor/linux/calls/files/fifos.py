"""Opening a FIFO, which waits for the other end: fifo(7). Performed without blocking anywhere.

A reader is opened at once, which writers that wait already see, and handed over when a writer
has come. A writer cannot be opened before a reader is there, so it is tried again.
"""

from __future__ import annotations

import errno
import fcntl
import os

from nono.broker import Access
from nono.shims.linux.fifo import has_had_writer
from nono.supervisor.linux.calls.answers import Answer, Inject, Retry
from nono.supervisor.linux.calls.resolving.handles import Handle


def meet(handle: Handle, flags: int, access: Access, close_on_exec: bool) -> Answer:
    """Open a FIFO for reading or for writing, as `access` says, with the open(2) `flags`.

    A Retry closes the handle when it is closed. Raises OSError.
    """
    end = _Reader(handle, flags) if access == Access.READ else _Writer(handle, flags)

    def attempt() -> Answer | None:
        fd = end.meet()
        return None if fd is None else Inject(fd, close_on_exec)

    try:
        answer = attempt()
    except BaseException:
        end.close()
        raise
    if answer is not None:
        return answer

    def close() -> None:
        end.close()
        handle.close()

    return Retry(attempt, close)


class _Reader:
    def __init__(self, handle: Handle, flags: int) -> None:
        self._fd = os.open(handle.name, flags | os.O_NONBLOCK)

    def meet(self) -> int | None:
        """The descriptor, which is then the caller's, once there was a writer."""
        if not has_had_writer(self._fd):
            return None
        fd, self._fd = self._fd, -1
        return _blocking(fd)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)


class _Writer:
    def __init__(self, handle: Handle, flags: int) -> None:
        self._name = handle.name
        self._flags = flags

    def meet(self) -> int | None:
        """The descriptor, once there is a reader."""
        try:
            return _blocking(os.open(self._name, self._flags | os.O_NONBLOCK))
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            return None

    def close(self) -> None:
        """There is nothing to close: what was opened was handed over."""


def _blocking(fd: int) -> int:
    fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) & ~os.O_NONBLOCK)
    return fd
