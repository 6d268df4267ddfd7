"""A connection in progress: the program's socket waits until the other end is there.

What a program connects to by name may have to be resolved first, and raced for, and that takes
time; a socket that does not block wants EINPROGRESS at once, and to be woken by the outcome. So
its connect goes to a parking place: a listening socket of ours on loopback whose backlog is full,
so that the kernel drops what arrives there (listen(2)). The program's socket is in SYN_SENT then,
with its own retries and its own timeouts. When our own connection to the host is there, a socket
with the parking place's address connects to the program's: the simultaneous open of RFC 9293
section 3.5. Nobody else can take part, since the program's socket takes a SYN from this one
address and port only.
"""

from __future__ import annotations

import contextlib
import socket

from nono.shims.linux import inet_diag
from nono.shims.linux import sockets as kernel
from nono.shims.linux.sockets import not_blocking

_FILL_SECONDS = 1.0


class Parked:
    """A program's socket on its way. Close it when it has been joined, refused or left."""

    def __init__(self, sock: socket.socket, loopback: str = "127.0.0.1") -> None:
        """Start the connect of the program's `sock`. Raises OSError.

        `loopback` is where to: "::1" for an IPv6 socket that may take no IPv4 address.
        """
        self._family = socket.AF_INET6 if ":" in loopback else socket.AF_INET
        self._place = socket.socket(self._family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            self._place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._place.bind((loopback, 0))
            self._place.listen(0)
            self._here = self._place.getsockname()[:2]
            socket.create_connection(self._here, _FILL_SECONDS).close()
            address = kernel.inet_address(sock.family, *self._here)
            with not_blocking(sock), contextlib.suppress(BlockingIOError):
                kernel.connect(sock.fileno(), address)
            host, port, *_ = sock.getsockname()
            self._there = (host.removeprefix("::ffff:"), port)
        except BaseException:
            self._place.close()
            raise

    @property
    def is_wanted(self) -> bool:
        """True while the program's socket waits: it was not closed, and has not timed out."""
        if not inet_diag.is_told():
            return True  # asked often, and a look into a list takes long
        try:
            return inet_diag.state(self._there, self._here) == kernel.TCP_SYN_SENT
        except OSError:
            return True  # a kernel that does not tell; whoever joins it will see

    def join(self) -> socket.socket:
        """Complete the connection and give our end of it, not blocking.

        Raises OSError: ECONNREFUSED or ETIMEDOUT when the program has given up.
        """
        ours = self._at_the_same_address()
        try:
            ours.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                ours.connect(self._there)
        except BaseException:
            ours.close()
            raise
        return ours

    def refuse(self) -> None:
        """The program's socket is refused at its next retry, which is within a second: tcp(7).

        Nothing else refuses it at once and for whoever looks: to disconnect it and connect it
        elsewhere shows other errors in between, or none. The address stays ours: a server of
        somebody else's that got it would be connected to. Raises OSError.
        """
        closed = self._at_the_same_address()
        closed.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        self._place.close()
        self._place = closed

    def _at_the_same_address(self) -> socket.socket:
        """A second socket that is bound to the parking place's address. Raises OSError."""
        other = socket.socket(self._family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # Both may have the address for the moment it takes to bind it; nobody else may share.
            for each in (self._place, other):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            other.bind(self._here)
            for each in (self._place, other):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 0)
        except BaseException:
            other.close()
            raise
        return other

    def close(self) -> None:
        """Give the address back, when no socket of the program's waits any more."""
        self._place.close()
