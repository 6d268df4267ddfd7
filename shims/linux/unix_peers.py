"""Who is at the other end of a unix connection: SO_PEERPIDFD and SO_PEERCRED in unix(7)."""

from __future__ import annotations

import os
import socket
import struct
from typing import Final

from nono.shims.linux.process import pidfd_pid
from nono.shims.linux.sockets import peer_pidfd
from nono.shims.named_tuple import NamedTuple

_UCRED: Final = struct.Struct("=iII")  # struct ucred


class Credentials(NamedTuple):
    """Of who connected, or for who connects: of who called listen(2)."""

    pid: int
    uid: int
    gid: int


def credentials(sock: socket.socket) -> Credentials:
    """What the kernel noted of the other end. Raises OSError for what is not connected."""
    answer = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
    return Credentials._make(_UCRED.unpack(answer))


def peer_of(sock: socket.socket) -> int:
    """The process that called listen(2) on what this socket is connected to; 0 when it is gone.

    Before Linux 6.5 its number may be another's by then. Raises OSError for what is not connected.
    """
    try:
        pidfd = peer_pidfd(sock)
    except ProcessLookupError:
        return 0
    if pidfd is None:
        return credentials(sock).pid
    try:
        return pidfd_pid(pidfd)
    finally:
        os.close(pidfd)
