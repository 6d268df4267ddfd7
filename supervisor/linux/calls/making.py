"""Making files as the caller would: with its umask, where the kernel and nobody else applies it.

A umask belongs to a whole process, and the program that uses nono as a library has threads that
make files, too. So the loop's thread takes one of its own (unshare(CLONE_FS)). Containers refuse
that call. There a small process of its own makes the files (`making_by_process.py`), and gets for
each the directory, the name, the umask and the capabilities.

To compute the mode here instead would be wrong: in a directory with a default ACL the umask does
not count (acl(5)). So would be to make it narrower first and chmod(2) it then: a new directory, a
FIFO and a socket have no descriptor, and whoever may write the directory can put another file under
the name in between.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from nono.shims.linux import process
from nono.supervisor.linux.calls.resolving.handles import HANDLE_FLAGS

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    import socket
    from typing import Protocol

else:
    Protocol = object


class Making(Protocol):
    """Makes one file in `directory`, a descriptor. Of the loop's thread only. Raises OSError."""

    def open(self, umask: int, directory: int, name: bytes | str, flags: int, mode: int) -> int:
        """open(2), which may be one with O_TMPFILE; the new descriptor."""

    def mkdir(self, umask: int, directory: int, name: bytes, mode: int) -> None:
        """mkdir(2)."""

    def mknod(self, umask: int, directory: int, name: bytes, mode: int) -> None:
        """mknod(2) without a device number."""

    def bind(self, umask: int, directory: int, sock: socket.socket, path: bytes) -> None:
        """bind(2) of a unix socket to a path that starts in the directory."""

    def close(self) -> None: ...


def making() -> Making:
    """What makes the files of the calling thread's sandbox from here on."""
    try:
        process.unshare(process.CLONE_FS)
    except OSError:
        from nono.supervisor.linux.calls.making_by_process import ByProcess  # seldom needed

        return ByProcess()
    return ByThread()


class ByThread:
    """The thread has a umask and a working directory of its own."""

    def open(self, umask: int, directory: int, name: bytes | str, flags: int, mode: int) -> int:
        os.umask(umask)
        return os.open(name, flags, mode, dir_fd=directory)

    def mkdir(self, umask: int, directory: int, name: bytes, mode: int) -> None:
        os.umask(umask)
        os.mkdir(name, mode, dir_fd=directory)

    def mknod(self, umask: int, directory: int, name: bytes, mode: int) -> None:
        os.umask(umask)
        os.mknod(name, mode, 0, dir_fd=directory)

    def bind(self, umask: int, directory: int, sock: socket.socket, path: bytes) -> None:
        from nono.shims.linux import sockets as kernel  # which most runs do without

        os.umask(umask)
        with _working_directory(directory):
            kernel.bind(sock.fileno(), kernel.unix_address(path))

    def close(self) -> None:
        """Nothing is held."""


@contextlib.contextmanager
def _working_directory(fd: int) -> Iterator[None]:
    before = os.open(".", HANDLE_FLAGS)
    try:
        os.fchdir(fd)
        yield
    finally:
        os.fchdir(before)
        os.close(before)
