"""Signals to nono are meant for the program: all are passed on, since it is in another session.

They are blocked in every thread and taken by one that waits for them: sigwait(3), which does not
say who sent one. What a terminal sends to a whole job goes to the program's whole job.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable
from typing import NamedTuple

from nono.supervisor.errors import StartError
from nono.supervisor.streams import Ending, Terminal, has_terminal

_TO_JOB = {signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTSTP}
_FORWARDED = _TO_JOB | {signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH}
_AWAITED = _FORWARDED | {signal.SIGCONT}
Send = Callable[[int, bool], None]


def block(apart: bool = False) -> None:
    """To be called in the main thread just before the program is started, and any thread.

    `apart`: the program gets a terminal of its own, see `Apart`.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED if apart else _FORWARDED)


class Apart(NamedTuple):
    """What is different where the program has a terminal of its own, which has a size: nono's
    changes, and `resized` is called. `continued` is called when nono is."""

    resized: Callable[[], None]
    continued: Callable[[], None]

    def take(self, number: int) -> bool:
        """True when the signal is not for the program."""
        if number == signal.SIGWINCH:
            self.resized()
        elif number == signal.SIGCONT:
            self.continued()
        return number in (signal.SIGWINCH, signal.SIGCONT)


_now: list[tuple[Send, Ending, Apart | None]] = []
"""Whom signals are for: of several runs in one process the last."""
_threads: list[threading.Thread] = []


def forward(send: Send, ending: Ending, apart: Apart | None = None) -> None:
    """Signals are passed on from now on, until nono ends. Raises StartError.

    `send` gives the program a number, alone or with its job.
    """
    _now[:] = [(send, ending, apart)]
    if _threads:
        return
    thread = threading.Thread(target=_forward, name="nono-signals", daemon=True)
    try:
        thread.start()
        _threads.append(thread)
    except RuntimeError as error:
        raise StartError(f"pass on signals: {error}", "ulimit -u") from error


def _forward() -> None:
    while True:
        number = signal.sigwait(_FORWARDED if _now[0][2] is None else _AWAITED)
        send, ending, apart = _now[0]
        if apart is not None and apart.take(number):
            continue
        ending.note(number, True)
        with contextlib.suppress(OSError):
            send(number, number in _TO_JOB)


def stop_with(pid: int, own: Terminal | None = None) -> bool:
    """The program was stopped: stop nono too, so that the shell that started it sees it.

    Without a terminal there is no shell that would ever continue us. True when nono was stopped
    and continued.
    """
    if not has_terminal():
        return False
    if own is not None:
        own.leave()
    # To this thread and not to the process: the thread that waits for signals must not take it.
    signal.pthread_kill(threading.get_ident(), signal.SIGTSTP)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTSTP})
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTSTP})
    if own is not None:
        own.come_back()
    return True
