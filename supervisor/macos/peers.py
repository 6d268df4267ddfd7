"""Who is at the other end of a unix socket: nobody inside a sandbox, and nobody else's."""

from __future__ import annotations

import os
import socket
import struct
import subprocess

from nono.shims.errors import ShimError
from nono.shims.macos import enter

_SOL_LOCAL = 0
_LOCAL_PEERCRED = 1
_LOCAL_PEERPID = 2
_CREDENTIALS = struct.Struct("=II")
"""The start of a struct xucred: its version, and the user: sys/ucred.h."""
_PS_SECONDS = 5


def is_trusted(sock: socket.socket) -> bool:
    """True when this user, or root, made the connection from outside of every sandbox."""
    try:
        (_, uid) = _CREDENTIALS.unpack(
            sock.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, 128)[: _CREDENTIALS.size]
        )
        return uid in (os.geteuid(), 0) and not enter.is_held(_pid(sock))
    except (OSError, ShimError, struct.error):
        return False


class Peers:
    """Of those that are trusted. What is gone is not stopped, and has no words."""

    def words(self, sock: socket.socket) -> str:
        """The process."""
        try:
            return f"pid {_pid(sock)}"
        except OSError:
            return ""

    def is_stopped(self, sock: socket.socket) -> bool:
        """Raises no error."""
        try:
            return state_of(_pid(sock)) == "T"
        except OSError:
            return False


def _pid(sock: socket.socket) -> int:
    """Raises OSError."""
    return sock.getsockopt(_SOL_LOCAL, _LOCAL_PEERPID)


def state_of(pid: int) -> str:
    """The first letter of what ps(1) says: `T` for a process that is stopped; empty for none."""
    try:
        done = subprocess.run(
            ["/bin/ps", "-o", "stat=", "-p", str(pid)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PS_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()[:1]
