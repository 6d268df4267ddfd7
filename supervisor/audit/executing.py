"""Processes whose first thread may be another program's any moment: another thread has executed it.

An execve(2) is recorded before the kernel performs it, and until then the other threads go on. Then
it gives the new program, in the thread that asked for it, the number of the first one. So nothing
that is read of that number is to be remembered before the number of the thread that asked is gone.
"""

from __future__ import annotations

import os

from nono.broker import Process

_MAX_PROCESSES = 1024
"""From here on, those that have ended are looked for."""


class Executing:
    """Of one audit."""

    def __init__(self) -> None:
        self._threads: dict[int, set[int]] = {}
        self._over: dict[int, Process] = {}

    def note(self, pid: int, tid: int) -> None:
        """A thread that is not the first one of the process may execute a program."""
        if len(self._threads) >= _MAX_PROCESSES:
            for each in [*self._threads]:
                if not os.path.exists(f"/proc/{each}"):
                    self._forget(each)
        self._over.pop(pid, None)
        self._threads.setdefault(pid, set()).add(tid)

    def hold(self, pid: int, process: Process) -> bool:
        """Whether what was read of a caller in this process is not to be remembered."""
        threads = self._threads.get(pid)
        if threads is None:
            return False
        threads.discard(getattr(process, "tid", 0))  # whoever asks again has failed to
        if any(os.path.exists(f"/proc/{pid}/task/{each}") for each in [*threads]):
            return True
        # What is told of this caller may have been read before: the next one's is not.
        if threads and self._over.setdefault(pid, process) is process:
            return True
        self._forget(pid)
        return False

    def _forget(self, pid: int) -> None:
        self._threads.pop(pid, None)
        self._over.pop(pid, None)
