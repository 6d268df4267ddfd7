"""Files that are others inside: opens of them are given a copy in memory, for reading only."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Mapping

from nono.supervisor.errors import StartError, failure, hint_of

_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


class InjectedFiles:
    """What opens of these files are given instead. Close it at the end."""

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        """`contents` by canonical path. Raises StartError when one cannot be copied."""
        self._files: dict[str, int] = {}
        for path, content in contents.items():
            try:
                self._files[path] = _sealed(os.path.basename(path), content)
            except OSError as error:
                self.close()
                what = f"{path}: the copy that the program gets cannot be made: {error.strerror}"
                raise StartError(what, hint_of(error.errno or 0)) from error

    def __contains__(self, path: str) -> bool:
        return path in self._files

    def open(self, path: str) -> int:
        """A descriptor of ours, for reading, with a position of its own. Raises OSError."""
        fd = self._files.get(path)
        if fd is None:
            raise failure(errno.ENOENT)
        return os.open(f"/proc/self/fd/{fd}", os.O_RDONLY | os.O_CLOEXEC)

    def close(self) -> None:
        for fd in self._files.values():
            os.close(fd)
        self._files = {}


def _sealed(name: str, content: bytes) -> int:
    fd = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        with open(fd, "wb", closefd=False) as file:
            file.write(content)
        os.fchmod(fd, 0o444)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _SEALS)
    except BaseException:
        os.close(fd)
        raise
    return fd
