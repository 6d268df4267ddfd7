"""Clients of the name server that change the thread: from the loop's to trio's.

They are sent through a pair of sockets, so that whoever waits for them is woken, and the kernel
bounds how many are on their way.
"""

from __future__ import annotations

import contextlib
import select
import sys
from _socket import AF_UNIX, SCM_RIGHTS, SOCK_CLOEXEC, SOCK_SEQPACKET, SOL_SOCKET, socketpair

from nono.shims.linux.sockets import receive_descriptor

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    import socket

_INT_BYTES = 4
_MAX_RECEIVED = 1 << 13
_NOTHING = b"-"
"""Goes before what a client has said: a message without a byte would be an end."""


class HandedClients:
    """Given by one thread, taken by another."""

    def __init__(self) -> None:
        self._there, self._here = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC)
        for end in (self._there, self._here):
            end.setblocking(False)

    def wakes(self) -> int:
        """A descriptor that can be read when somebody is there to be taken."""
        return self._here.fileno()

    @property
    def has_room(self) -> bool:
        """For many more than a lane has: the kernel says so while three quarters are free."""
        poll = select.poll()
        poll.register(self._there, select.POLLOUT)
        return any(event & select.POLLOUT for _, event in poll.poll(0))

    def give(self, client: socket.socket, received: bytes) -> None:
        """Hand over a client and what it has said so far. Where there is no room, it is closed."""
        with client, contextlib.suppress(OSError):
            fd = client.fileno().to_bytes(_INT_BYTES, sys.byteorder)
            self._there.sendmsg([_NOTHING + received], [(SOL_SOCKET, SCM_RIGHTS, fd)])

    def take(self) -> tuple[socket.socket, bytearray] | None:
        """One of them, not blocking; None when nobody is there."""
        try:
            received, fd = receive_descriptor(self._here, _MAX_RECEIVED)
        except OSError:
            return None
        if fd is None:
            return None
        import socket  # which a start does without

        client = socket.socket(fileno=fd)
        client.setblocking(False)
        return client, bytearray(received[len(_NOTHING) :])

    def close(self) -> None:
        """Those who are on their way are closed as well."""
        self._there.close()
        self._here.close()
