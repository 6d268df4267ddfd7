"""Signals to nono are meant for the program: they are passed on, and job control works.

The program stays in nono's process group, so what a terminal sends reaches it without us; only
what a process sent to nono alone is passed on. A stop by the terminal stops both. Signals are
blocked in every thread and taken by one that waits for them. See signal(7), sigwaitinfo(2),
credentials(7) on process groups.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator

from nono.supervisor.caller import state_of

_SI_KERNEL = 0x80
_FORWARDED = {
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGWINCH,
    signal.SIGTSTP,
}


def block() -> None:
    """To be called in the main thread just before the program is started."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _FORWARDED)


def forward_to(pidfd: int) -> None:
    """Start the thread that passes signals on until nono ends."""
    threading.Thread(target=_forward, args=(pidfd,), name="nono-signals", daemon=True).start()


def _forward(pidfd: int) -> None:
    while True:
        received = signal.sigwaitinfo(_FORWARDED)
        if received.si_code != _SI_KERNEL:
            _send(pidfd, signal.Signals(received.si_signo))
        if received.si_signo == signal.SIGTSTP:
            _stop_ourselves(pidfd)


def program_stopped(number: int, pid: int, pidfd: int) -> None:
    """The program was stopped by signal `number`: stop nono too, so that the shell sees it.

    A stop by the terminal has stopped us already; by the time we hear of the program's it runs
    again, and nothing is left to do.
    """
    if number == signal.SIGTSTP and state_of(pid) == "T":
        _stop_ourselves(pidfd)


def _stop_ourselves(pidfd: int) -> None:
    """By SIGTSTP and not SIGSTOP: the kernel ignores it where nobody could continue us.

    When we are continued so is the program, which may be in a process group of its own.
    """
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTSTP})
    os.kill(os.getpid(), signal.SIGTSTP)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTSTP})
    _send(pidfd, signal.SIGCONT)


def _send(pidfd: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(pidfd, number)


@contextlib.contextmanager
def terminal_returned() -> Iterator[None]:
    """At the end, take back the terminal that a killed shell may have kept: tcsetpgrp(3)."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        yield
        return
    try:
        ours = os.tcgetpgrp(terminal) == os.getpgrp()
        yield
        if ours and os.tcgetpgrp(terminal) != os.getpgrp():
            # A background process that does this is stopped by SIGTTOU unless it blocks it.
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
            with contextlib.suppress(OSError):
                os.tcsetpgrp(terminal, os.getpgrp())
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTTOU})
    finally:
        os.close(terminal)
