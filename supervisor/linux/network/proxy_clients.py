"""Whose the connections to nono's proxy are: the program's connect(2) is ours to perform."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from nono.broker import Process
from nono.broker.requests import NOBODY, RecordedProcess

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    import socket

_MAX_KNOWN = 4096


class ProxyClients:
    """May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[int, RecordedProcess] = {}

    @contextlib.contextmanager
    def noting(self, sock: socket.socket, caller: Process) -> Iterator[None]:
        """For the connect of the caller's socket to the proxy.

        The program cannot say anything there before the block is over, so by then it is known.
        """
        try:
            yield
        finally:
            found = recorded(caller)
            with contextlib.suppress(OSError), self._lock:
                while len(self._known) >= _MAX_KNOWN:
                    del self._known[next(iter(self._known))]
                self._known[sock.getsockname()[1]] = found

    def of(self, peer: tuple[str, int]) -> Process:
        """Who made the connection from there; nobody in particular when that is not known."""
        with self._lock:
            return self._known.pop(peer[1], NOBODY)


def recorded(caller: Process) -> RecordedProcess:
    """The caller as it is now: what it asked for may be told after its end."""
    return RecordedProcess(caller.pid, caller.exe, caller.argv, caller.cwd)
