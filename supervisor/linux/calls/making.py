"""Making files as the caller would: with its umask, where the kernel and nobody else applies it.

A umask belongs to a whole process, and the program that uses nono as a library has threads that
make files, too. So the loop's thread takes one of its own (unshare(CLONE_FS)). Containers refuse
that call. There a small process of its own makes the files (`file_maker.py`), and gets for each the
directory, the name, the umask and the capabilities.

To compute the mode here instead would be wrong: in a directory with a default ACL the umask does
not count (acl(5)). So would be to make it narrower first and chmod(2) it then: a new directory, a
FIFO and a socket have no descriptor, and whoever may write the directory can put another file under
the name in between.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator

from nono.shims.linux import capabilities, process
from nono.shims.linux import sockets as kernel
from nono.supervisor.errors import failure
from nono.supervisor.linux.calls import file_maker
from nono.supervisor.linux.calls.resolving.handles import HANDLE_FLAGS

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    import socket
    from typing import Protocol

    from nono.supervisor.linux.own_process import OwnProcess
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
        os.umask(umask)
        with _working_directory(directory):
            kernel.bind(sock.fileno(), kernel.unix_address(path))

    def close(self) -> None:
        """Nothing is held."""


class ByProcess:
    """A process performs it, started when the first file is made."""

    def __init__(self) -> None:
        self._maker: OwnProcess | None = None

    def open(self, umask: int, directory: int, name: bytes | str, flags: int, mode: int) -> int:
        made = self._ask(file_maker.OPEN, umask, flags, mode, os.fsencode(name), directory)
        if made is None:
            raise failure(errno.EIO)
        return made

    def mkdir(self, umask: int, directory: int, name: bytes, mode: int) -> None:
        self._ask(file_maker.MKDIR, umask, 0, mode, name, directory)

    def mknod(self, umask: int, directory: int, name: bytes, mode: int) -> None:
        self._ask(file_maker.MKNOD, umask, 0, mode, name, directory)

    def bind(self, umask: int, directory: int, sock: socket.socket, path: bytes) -> None:
        self._ask(file_maker.BIND, umask, 0, 0, path, directory, sock.fileno())

    def close(self) -> None:
        if self._maker is not None:
            self._maker.close()
            self._maker = None

    def _ask(
        self, what: int, umask: int, flags: int, mode: int, name: bytes, *fds: int
    ) -> int | None:
        # Only where a container refuses the thread its umask.
        import socket

        if self._maker is None:
            from nono.supervisor.linux.own_process import OwnProcess

            self._maker = OwnProcess(file_maker.__file__)
        control = self._maker.control
        mask = sum(1 << number for number in capabilities.sets().effective)
        request = file_maker.REQUEST.pack(what, umask, flags, mode, mask) + name
        try:
            socket.send_fds(control, [request], fds, socket.MSG_NOSIGNAL)
            answer, made = kernel.receive_descriptor(control, file_maker.ANSWER.size)
        except OSError:
            # What came later would be taken for the answer to another request.
            self.close()
            raise failure(errno.EIO) from None
        if len(answer) != file_maker.ANSWER.size:
            self.close()
            raise failure(errno.EIO)
        (number,) = file_maker.ANSWER.unpack(answer)
        if number:
            raise failure(number)
        return made


@contextlib.contextmanager
def _working_directory(fd: int) -> Iterator[None]:
    before = os.open(".", HANDLE_FLAGS)
    try:
        os.fchdir(fd)
        yield
    finally:
        os.fchdir(before)
        os.close(before)
