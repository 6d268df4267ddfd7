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
from nono.supervisor.linux.processes import read_bounded, state_of

_MAX_WORDS = 4096
"""Bytes of a command line."""
_END_SECONDS = 5.0
"""For one that is busy, until it takes SIGTERM; SIGKILL comes then."""


class Behind:
    """A process of this user's, by what stays its own when its number is another's."""

    def __init__(self, pid: int, pidfd: int) -> None:
        self.pid = pid
        self.is_stopped = state_of(pid) == "T"
        self.argv = _command(pid)
        self._pidfd = pidfd

    def go_on(self) -> None:
        """As `fg` does to it. Raises OSError."""
        pidfd_send_signal(self._pidfd, signal.SIGCONT)

    def end(self) -> bool:
        """End it, with which its sandbox ends, too; True once it is gone. Raises OSError.

        One that is merely busy gets SIGTERM and some seconds, so that its program is asked, and
        its audit and report are ended as they should be.
        """
        if state_of(self.pid) != "T" and self._ended_by(signal.SIGTERM):
            return True
        return self._ended_by(signal.SIGKILL)

    def _ended_by(self, number: signal.Signals) -> bool:
        with contextlib.suppress(ProcessLookupError):
            pidfd_send_signal(self._pidfd, number)
        poll = select.poll()
        poll.register(self._pidfd, select.POLLIN)
        return bool(poll.poll(_END_SECONDS * 1000))


def _command(pid: int) -> list[str]:
    """What it runs, by its command line as far as that is read: what stands after the options."""
    try:
        words = read_bounded(f"/proc/{pid}/cmdline", _MAX_WORDS).rstrip(b"\0").split(b"\0")
    except OSError:
        return []
    found = words[words.index(b"--") + 1 :] if b"--" in words else words
    return [*map(os.fsdecode, filter(None, found))]


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
