"""Who is at the other end of a unix connection: SO_PEERPIDFD and SO_PEERCRED in unix(7)."""

from __future__ import annotations

import os
import socket
import struct
from typing import Final

from nono.shims.linux.process import pidfd_pid
from nono.shims.linux.sockets import peer_pidfd

_CREDENTIALS: Final = struct.Struct("=3i")  # struct ucred


def peer_of(sock: socket.socket) -> int:
    """The process that called listen(2) on what this socket is connected to; 0 when it is gone.

    Before Linux 6.5 its number may be another's by then. Raises OSError for what is not connected.
    """
    try:
        pidfd = peer_pidfd(sock)
    except ProcessLookupError:
        return 0
    if pidfd is None:
        answer = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        return int(_CREDENTIALS.unpack(answer)[0])
    try:
        return pidfd_pid(pidfd)
    finally:
        os.close(pidfd)
