"""Who is at the other end of a unix socket: nobody inside a sandbox, and nobody else's."""

from __future__ import annotations

import os
import socket

from nono.shims.linux.process import pidfd_pid
from nono.shims.linux.sockets import peer_pidfd
from nono.shims.linux.unix_peers import credentials
from nono.supervisor.linux.processes import (
    children_of,
    lineage_of,
    name_of,
    started,
    state_of,
    terminal_of,
)

INIT = "nono-init"
"""The name of every sandbox's init, which no program in it can take away from it."""


def is_trusted(sock: socket.socket) -> bool:
    """True when this user, or root, made the connection from outside of every sandbox.

    SO_PEERCRED names who called connect(2). That may be a supervisor which did so for a program
    inside: none does it for itself. A process that is gone by now is not trusted.
    """
    try:
        pidfd = peer_pidfd(sock)
        try:
            pid, uid, _ = credentials(sock)
            before = started(pid)
            is_outside = uid in (os.geteuid(), 0) and _is_outside(pid)
            is_same = before is not None and started(pid) == before
            return is_outside and is_same and (pidfd is None or pidfd_pid(pidfd) == pid)
        finally:
            if pidfd is not None:
                os.close(pidfd)
    except OSError:
        return False


class Peers:
    """Of those that are trusted. What is gone is not stopped, and has no words."""

    def words(self, sock: socket.socket) -> str:
        """The process and its terminal."""
        pid = credentials(sock).pid
        return ", ".join(filter(None, (f"pid {pid}", terminal_of(pid))))

    def is_stopped(self, sock: socket.socket) -> bool:
        """Raises no error."""
        try:
            return state_of(credentials(sock).pid) == "T"
        except OSError:
            return False


def _is_outside(pid: int) -> bool:
    """Raises OSError when it ends meanwhile."""
    if pid == os.getpid() or any(map(_is_init, children_of(pid))):
        return False
    above = lineage_of(pid)
    return bool(above) and not any(map(_is_init, above))


def _is_init(pid: int) -> bool:
    """Raises OSError when it is gone: who knows what it was."""
    return name_of(pid) == INIT
