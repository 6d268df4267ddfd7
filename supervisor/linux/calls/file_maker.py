"""Makes files with a umask, a working directory and capabilities that each request names.

A program of its own, which nono starts where its loop's thread can have none of its own
(`making.py`): it takes the number of a descriptor, and performs one request after the other until
the other end is closed. It decides nothing, and imports nothing of nono's, so that it starts fast.
Sources: umask(2), capset(2), unix(7).
"""

from __future__ import annotations

import errno
import os
import struct
import sys

REQUEST = struct.Struct("=BIIIQ")
"""What to do, umask, flags of an open, mode, mask of the effective capabilities; then the name."""
OPEN, MKDIR, MKNOD, BIND = range(4)
MAX_REQUEST = REQUEST.size + 4096
MAX_DESCRIPTORS = 2
ANSWER = struct.Struct("=i")
"""An errno, 0 for none."""

_CAPABILITY_VERSION_3 = 0x20080522
_HEADER = struct.Struct("=Ii")
_SETS = struct.Struct("=6I")


class Capabilities:
    """Of this process, which has one thread: capget(2)."""

    def __init__(self) -> None:
        import ctypes  # not for whoever only asks: `making.py` imports this module, too

        self._errno = ctypes.get_errno
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._header = ctypes.create_string_buffer(_HEADER.pack(_CAPABILITY_VERSION_3, 0))
        self._sets = ctypes.create_string_buffer(_SETS.size)

    def make_effective(self, mask: int) -> None:
        """Exactly these, as far as they are permitted. Raises OSError."""
        self._call("capget")
        words = list(_SETS.unpack(self._sets.raw[: _SETS.size]))
        words[0], words[3] = words[1] & mask, words[4] & mask >> 32
        _SETS.pack_into(self._sets, 0, *words)
        self._call("capset")

    def _call(self, name: str) -> None:
        if getattr(self._libc, name)(self._header, self._sets):
            number = self._errno()
            raise OSError(number, os.strerror(number))


def perform(request: bytes, fds: list[int], capabilities: Capabilities) -> int | None:
    """Do what is asked; the descriptor of what an open made. Raises OSError."""
    what, umask, flags, mode, mask = REQUEST.unpack_from(request)
    name, directory = request[REQUEST.size :], fds[0]
    capabilities.make_effective(mask)
    os.umask(umask)
    if what == OPEN:
        return os.open(name, flags, mode, dir_fd=directory)
    if what == MKDIR:
        os.mkdir(name, mode, dir_fd=directory)
    elif what == MKNOD:
        os.mknod(name, mode, 0, dir_fd=directory)
    else:
        os.fchdir(directory)
        try:
            import socket  # nono loads this module at its start for the numbers above alone

            with socket.socket(fileno=os.dup(fds[1])) as sock:
                sock.bind(name)
        finally:
            os.chdir("/")
    return None


def serve(fd: int) -> None:
    """An answer to each request on this socket, until the other end is closed."""
    import socket

    control, capabilities = socket.socket(fileno=fd), Capabilities()
    while True:
        request, fds, _, _ = socket.recv_fds(control, MAX_REQUEST, MAX_DESCRIPTORS)
        if not request:
            return
        made, number = None, 0
        try:
            made = perform(request, fds, capabilities)
        except OSError as error:
            number = error.errno or errno.EIO
        finally:
            for fd in fds:
                os.close(fd)
        socket.send_fds(control, [ANSWER.pack(number)], [] if made is None else [made])
        if made is not None:
            os.close(made)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
