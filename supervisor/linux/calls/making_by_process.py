"""Making files where a container refuses the thread its umask: see `making`. A process does it."""

from __future__ import annotations

import errno
import os
import socket

from nono.shims.linux import capabilities
from nono.shims.linux import sockets as kernel
from nono.supervisor.errors import failure
from nono.supervisor.linux.calls import file_maker
from nono.supervisor.linux.own_process import OwnProcess


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
        if self._maker is None:
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
