"""Whether a sandbox may have changed anything: told from the calls alone, never from their paths.

What a call is and its flags stand in registers, which no other thread can change; what it is about
stands in memory. So a call that could make a name or write into a file counts, wherever it was.
"""

from __future__ import annotations

import os

from nono.shims.linux.notify import Notification
from nono.shims.linux.syscall_classes import machine, table

_WRITING = os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_RDWR | 0o20000000  # of O_TMPFILE
_NAMES = (
    "bind",
    "chmod",
    "creat",
    "fchmod",
    "fchmodat",
    "fchmodat2",
    "link",
    "linkat",
    "mkdir",
    "mkdirat",
    "mknod",
    "mknodat",
    "openat2",
    "rename",
    "renameat",
    "renameat2",
    "rmdir",
    "symlink",
    "symlinkat",
    "truncate",
    "unlink",
    "unlinkat",
)
"""openat2 has its flags in memory."""


class Changing:
    """Of one machine's numbers."""

    def __init__(self) -> None:
        known = table(machine())
        self._numbers = frozenset(known[name].number for name in _NAMES if name in known)
        self._openat = known["openat"].number
        self._open = known["open"].number if "open" in known else -1  # not on aarch64

    def may(self, call: Notification) -> bool:
        """True when the call could make a name or change a file."""
        if call.number == self._openat:
            return bool(call.c & _WRITING)
        if call.number == self._open:
            return bool(call.b & _WRITING)
        return call.number in self._numbers
