"""A file that is written after a program ran which may have written there, too."""

from __future__ import annotations

import os
import stat

from nono.supervisor.errors import NonoError


class Kept:
    """An open file, under the name that it has now. What is no regular file has none."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._path = ""
        try:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                self._path = os.readlink(f"/proc/self/fd/{descriptor}")
        except OSError:
            return  # closed: whoever writes there will see

    def check(self) -> None:
        """Raise NonoError when the name means another file by now, or none.

        Whoever reads it by that name would take what the program put there for ours.
        """
        if not self._path:
            return
        ours = os.fstat(self._descriptor)
        try:
            found = os.stat(self._path, follow_symlinks=False)
        except OSError:
            found = None
        if found is None or (found.st_dev, found.st_ino) != (ours.st_dev, ours.st_ino):
            raise NonoError(
                f"{self._path} was removed or replaced while the program ran",
                "write to a directory that the program cannot write in",
            )

    def write(self, data: bytes) -> None:
        """Make this the whole content of the file, and close it. Raises as `check`, and OSError."""
        with open(self._descriptor, "wb") as file:
            self.check()
            os.fchmod(self._descriptor, 0o600)
            os.ftruncate(self._descriptor, 0)
            file.write(data)
