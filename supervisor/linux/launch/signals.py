"""Signals to nono are meant for the program: they are passed on, and job control works.

The program stays in nono's process group, so what a terminal sends reaches it without us, and what
a process sends to the whole group; only what was sent to nono alone is passed on. nono never stops
by itself: when the program is stopped, nono stops too, and when nono is continued so is the
program. Signals are blocked in every thread and taken by one that waits for them. See signal(7),
sigwaitinfo(2), and credentials(7) on process groups.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable

from nono.broker.named_tuple import NamedTuple
from nono.shims.signals import signal
from nono.supervisor.linux.processes import state_of
from nono.supervisor.streams import Ending, Terminal, has_terminal

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
_AWAITED = _FORWARDED | {signal.SIGCONT}


def block(apart: bool = False) -> None:
    """To be called in the main thread just before the program is started, and any thread.

    `apart`: the program gets a terminal of its own, see `Apart`.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED if apart else _FORWARDED)


class Apart(NamedTuple):
    """What is different where the program has a terminal and a session of its own.

    Nothing that ours is sent reaches it: not a change of the size, which `resized` is called for,
    and not a stop. `continued` is called when nono is.
    """

    resized: Callable[[], None]
    continued: Callable[[], None]

    def take(self, received: signal.struct_siginfo) -> bool:
        """True when the signal is not for the program."""
        match received.si_signo:
            case signal.SIGWINCH:
                self.resized()
            case signal.SIGCONT:
                self.continued()
            case number:
                return number == signal.SIGTSTP and received.si_pid == os.getpid()
        return True


def forward_to(
    pidfd: int, reached_group: Callable[[int], bool], ending: Ending, apart: Apart | None = None
) -> None:
    """Start the thread that passes signals on until nono ends. Raises StartError.

    `reached_group` tells of a signal to us whether the program was sent it as well; with `apart`
    it never was.
    """
    # While the program was being started the terminal's signals came too early for it.
    while received := signal.sigtimedwait(_FORWARDED, 0):
        reached_group(received.si_signo)  # it tells nothing of the next one
        _send(pidfd, received.si_signo)
    ours = os.dup(pidfd)  # the thread outlives the session
    thread = threading.Thread(
        target=_forward, args=(ours, reached_group, ending, apart), name="nono-signals", daemon=True
    )
    try:
        thread.start()
    except RuntimeError as error:
        # What only this needs is loaded only then.
        from nono.supervisor.linux.process_bounds import no_more

        raise no_more(f"pass on signals: {error}") from error


def _forward(
    pidfd: int, reached_group: Callable[[int], bool], ending: Ending, apart: Apart | None
) -> None:
    awaited = _FORWARDED if apart is None else _AWAITED
    while True:
        received = signal.sigwaitinfo(awaited)
        if apart is not None and apart.take(received):
            continue
        number = received.si_signo
        by_kernel = apart is None and received.si_code == _SI_KERNEL
        # Asked in any case: that the next one can be told, this one is taken back.
        to_group = reached_group(number) or by_kernel
        ending.note(number, to_group)
        with contextlib.suppress(ProcessLookupError):
            if _is_for_leader(number) if by_kernel else not to_group:
                _send(pidfd, number)


def _is_for_leader(number: int) -> bool:
    """When a terminal hangs up, the kernel tells the leader of the session and nobody else."""
    return number == signal.SIGHUP and os.getsid(0) == os.getpid()


def stop_with(pid: int, own: Terminal | None = None) -> bool:
    """The program was stopped: stop nono too, so that the shell that started it sees it.

    With a terminal of the program's own, nothing of our process group has been stopped yet.

    A stop by the terminal may have stopped us already; by the time we hear of the program's it
    runs again, and nothing is left to do. Without a terminal there is no shell that would ever
    continue us. True when nono was stopped and continued, so that the program may have to be.
    """
    if state_of(pid) != "T" or not has_terminal():
        return False
    if own is not None:
        own.leave()
        os.killpg(0, signal.SIGTSTP)
    # SIGTSTP and not SIGSTOP: the kernel ignores it where nobody could continue us. To this
    # thread and not to the process: the thread that waits for signals must not take it.
    # Unblocked after that, so that it and what the terminal sent make one stop: the SIGCONT
    # that ends a stop takes back every other one that is pending.
    signal.pthread_kill(threading.get_ident(), signal.SIGTSTP)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTSTP})
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTSTP})
    if own is not None:
        own.come_back()
    return True


def _send(pidfd: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(pidfd, number)
