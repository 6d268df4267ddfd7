"""The nono behind a control socket that does not answer, such as one that Control-Z stopped."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
from collections.abc import Iterator

from nono.shims.linux.process import pidfd_open, pidfd_send_signal
from nono.shims.linux.sockets import peer_pidfd
from nono.shims.linux.unix_peers import credentials
from nono.supervisor.linux.processes import state_of

_END_SECONDS = 5.0


class Behind:
    """A process of this user's, by what stays its own when its number is another's."""

    def __init__(self, pid: int, pidfd: int) -> None:
        self.pid = pid
        self.is_stopped = state_of(pid) == "T"
        self._pidfd = pidfd

    def go_on(self) -> None:
        """As `fg` does to it. Raises OSError."""
        pidfd_send_signal(self._pidfd, signal.SIGCONT)

    def end(self) -> bool:
        """Kill it, with which its sandbox ends, too; True once it is gone. Raises OSError."""
        with contextlib.suppress(ProcessLookupError):
            pidfd_send_signal(self._pidfd, signal.SIGKILL)
        poll = select.poll()
        poll.register(self._pidfd, select.POLLIN)
        return bool(poll.poll(_END_SECONDS * 1000))


@contextlib.contextmanager
def held(sock: socket.socket) -> Iterator[Behind | None]:
    """Who listens at what this socket is connected to; None where it is gone or another user's."""
    with contextlib.ExitStack() as undo:
        behind = None
        with contextlib.suppress(OSError):
            pid, uid, _ = credentials(sock)
            if uid == os.geteuid() and pid > 0:
                pidfd = peer_pidfd(sock)
                pidfd = pidfd_open(pid) if pidfd is None else pidfd
                undo.callback(os.close, pidfd)
                behind = Behind(pid, pidfd)
        yield behind
