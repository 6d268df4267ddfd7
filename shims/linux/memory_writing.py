"""Writing into another process's memory: /proc/TID/mem. See proc_pid_mem(5).

The file belongs to the memory that the thread had when it was opened, and not to its number: what
is opened while the thread is known to wait stays that thread's, whoever has the number later.
The kernel writes where the process itself could only read, too, into a copy of the page that is
the process's alone; it writes nothing that is shared and not writable (EIO).
"""

from __future__ import annotations

import errno
import os

from nono.shims.errors import failure


class MemoryOf:
    """The memory of a thread's process. Close it, or use it with `with`."""

    def __init__(self, tid: int) -> None:
        """Raises OSError: EACCES or EPERM where the kernel forbids it, ESRCH or ENOENT if gone."""
        self._fd = os.open(f"/proc/{tid}/mem", os.O_WRONLY | os.O_CLOEXEC)

    def write(self, address: int, data: bytes) -> None:
        """All of `data`. Raises OSError (EFAULT), with a part of it written perhaps."""
        if address + len(data) >= 1 << 63:
            raise failure(errno.EFAULT)
        while data:
            try:
                count = os.pwrite(self._fd, data, address)
            except OSError as error:
                if error.errno == errno.EIO:
                    raise failure(errno.EFAULT) from error
                raise
            if not count:
                raise failure(errno.ESRCH)
            address, data = address + count, data[count:]

    def close(self) -> None:
        os.close(self._fd)

    def __enter__(self) -> MemoryOf:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
