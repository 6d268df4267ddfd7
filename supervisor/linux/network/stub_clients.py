"""Whose connections the DNS stub answers: those that we made ourselves, for programs inside.

It listens on loopback, where every user of the machine can connect to it, and so can another
sandbox that may use the port. But the sandbox's own sockets are connected to it by nobody but us,
so we know the other end of each before it is accepted, or, where the lane in C has connected it,
its cookie, which tells it from every other socket.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import threading
from array import array
from collections.abc import Iterator

from nono.shims.linux import inet_diag
from nono.shims.linux import sockets as kernel
from nono.shims.linux.inet_diag import End
from nono.shims.linux.lane import MAX_EXPECTED

_MAX_EXPECTED = 4096


class StubClients:
    """May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._expected: dict[End, int] = {}
        self.told = array("Q", bytes(8 * (1 + MAX_EXPECTED)))
        """A counter, and the cookies of those whom the lane in C has connected: the newest ones."""

    @contextlib.contextmanager
    def expecting(self, sock: socket.socket) -> Iterator[None]:
        """For the connect of a program's socket to the stub, which must not block.

        Whoever has accepted it finds out about it after the block, and not before.
        """
        with self._lock:
            new = kernel.tcp_state(sock) == kernel.TCP_CLOSE
            try:
                yield
            except BlockingIOError as error:
                if new and error.errno == errno.EINPROGRESS:
                    self._expect(sock)
                raise
            if new:
                self._expect(sock)

    def _expect(self, sock: socket.socket) -> None:
        while len(self._expected) >= _MAX_EXPECTED:
            del self._expected[next(iter(self._expected))]
        self._expected[_end(sock.getsockname())] = inet_diag.identity(sock)

    def admits(self, peer: End, here: End) -> bool:
        """True for an accepted connection between these two that was made so, once.

        Or that the lane has made: it tells of a socket before it connects it.
        """
        there = _end(peer)
        with self._lock:
            expected = self._expected.pop(there, None)
        if expected is None and not self.told[0]:
            return False
        try:
            found = inet_diag.cookie_of(there, here)
        except OSError:
            found = None  # a kernel that does not tell
        if expected is None:
            return found is not None and inet_diag.is_told() and found in self.told[1:]
        # The address may be another's by now, who waits for an answer. Who has gone gets none.
        return found in (None, expected)


def _end(address: End) -> End:
    return address[0].removeprefix("::ffff:"), address[1]
