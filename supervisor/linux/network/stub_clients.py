"""Whose connections the DNS stub answers: those that we made ourselves, for programs inside.

It listens on loopback, where every user of the machine can connect to it, and so can another
sandbox that may use the port. But the sandbox's own sockets are connected to it by nobody but us,
so we know the other end of each before it is accepted.
"""

from __future__ import annotations

import contextlib
import errno
import threading
from collections.abc import Iterator

from nono.shims.linux import inet_diag
from nono.shims.linux import sockets as kernel
from nono.shims.linux.inet_diag import End

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    import socket

_MAX_EXPECTED = 4096


class StubClients:
    """May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._expected: dict[End, int] = {}

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
        """True for an accepted connection between these two that was made so, once."""
        there = _end(peer)
        with self._lock:
            expected = self._expected.pop(there, None)
        if expected is None:
            return False
        try:
            found = inet_diag.cookie_of(there, here)
        except OSError:
            found = None  # a kernel that does not tell
        # The address may be another's by now, who waits for an answer. Who has gone gets none.
        return found in (None, expected)


def _end(address: End) -> End:
    return address[0].removeprefix("::ffff:"), address[1]
