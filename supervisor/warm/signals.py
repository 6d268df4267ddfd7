"""Signals to the process that stands for a run are the run's: to it alone, or to its whole group.

The run is in a process group of its own, and what is sent to the group of this process does not
reach it by itself. Which signals are that, a witness shows: a child in this group, in which they
stay pending. What went to the group goes to the run's group, as if it were one (killpg(2)); what
went to this process alone goes to the run's nono alone. So `timeout` and a harness that ends a
group find what they find with an ordinary start.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import _socket
import os
import time

from nono.supervisor.warm.wire import SUPPRESSED

_PASSED = (
    _signal.SIGINT,
    _signal.SIGTERM,
    _signal.SIGHUP,
    _signal.SIGQUIT,
    _signal.SIGUSR1,
    _signal.SIGUSR2,
    _signal.SIGWINCH,
    _signal.SIGTSTP,
    _signal.SIGCONT,
)
_ANSWER_SECONDS = 1.0
"""A witness that is stopped, or killed, tells nothing."""
_GROUP_SECONDS = 0.001
"""The kernel sends a signal to one process of a group after the other."""


class Passing:
    """From the moment that it is made. `end` it at the end."""

    def __init__(self, pidfd: int, pid: int) -> None:
        """The run's nono, which leads the run's process group."""
        self._pidfd = pidfd
        self._group = pid
        self._waiting: list[int] = []
        self._is_busy = False
        before = _signal.pthread_sigmask(_signal.SIG_BLOCK, _PASSED)
        self._control, theirs = _socket.socketpair()
        self._witness = os.fork()
        if self._witness == 0:
            _witness(theirs)
        theirs.close()
        self._control.settimeout(_ANSWER_SECONDS)
        for number in _PASSED:
            if _signal.getsignal(number) != _signal.SIG_IGN:
                _signal.signal(number, self._pass_on)
        _signal.pthread_sigmask(_signal.SIG_SETMASK, before)

    def _pass_on(self, number: int, _frame: object) -> None:
        """Python calls this in the middle of itself as well: one after the other."""
        self._waiting.append(number)
        if self._is_busy:
            return
        self._is_busy = True
        while self._waiting:
            self._pass(self._waiting.pop(0))
        self._is_busy = False

    def _pass(self, number: int) -> None:
        time.sleep(_GROUP_SECONDS)
        with SUPPRESSED:
            if self._went_to_group(number):
                os.killpg(self._group, number)
            elif number != _signal.SIGCONT:  # nono continues the program by itself
                _signal.pidfd_send_signal(self._pidfd, number)

    def _went_to_group(self, number: int) -> bool:
        """And the witness forgets it, so that the next one can be told.

        Without a witness it went to this process alone: the run's nono ends what is below it.
        """
        try:
            self._control.send(bytes([number]))
            return self._control.recv(1) == b"\1"
        except OSError:
            self._control.close()  # an answer that comes later is none to the next question
            return False

    def end(self) -> None:
        """Nothing is passed on any more."""
        _signal.pthread_sigmask(_signal.SIG_BLOCK, _PASSED)
        self._control.close()
        with SUPPRESSED:
            os.kill(self._witness, _signal.SIGKILL)
            os.waitpid(self._witness, 0)


def _witness(control: _socket.socket) -> None:
    """Never returns. It holds nothing of the run's: a pipe ends when its last writer does."""
    try:
        kept = control.fileno()
        os.closerange(0, kept)
        os.closerange(kept + 1, os.sysconf("SC_OPEN_MAX"))
        while asked := control.recv(1):
            pending = _signal.sigtimedwait([asked[0]], 0) is not None
            control.send(bytes([pending]))
    finally:
        os._exit(0)
