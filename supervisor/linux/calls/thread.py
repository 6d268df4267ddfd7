"""The loop's thread and the tasks beside it, for one sandbox with a broker."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import partial

from nono.shims.linux.notify import Listener
from nono.shims.linux.syscall_classes import machine
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.faults import Faults
from nono.supervisor.linux.calls.handlers import Handlers
from nono.supervisor.linux.calls.loop import Loop
from nono.supervisor.linux.calls.own.own_objects import OwnObjects
from nono.supervisor.linux.calls.tasks import Background
from nono.supervisor.linux.calls.waiting import WaitingCalls

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Any

    from nono.broker.counting.tally import Tally
    from nono.shims.linux.notify import Notification
    from nono.supervisor.asking.asking import Asking
    from nono.supervisor.decisions.undecided import Undecided
    from nono.supervisor.linux.calls.answers import Later
    from nono.supervisor.linux.calls.asked import AskedCalls
    from nono.supervisor.linux.calls.performer import Performer
    from nono.supervisor.linux.injected_files import InjectedFiles
    from nono.supervisor.linux.network.service import NetworkService

_JOIN_SECONDS = 2.0


class Serving:
    """Answers a listener's calls from its making on. `wait` has to be run for those that block.

    `fail` is called from the thread when the loop itself breaks: without it every call of the
    sandbox would wait for ever, so the session has to end.
    """

    def __init__(
        self,
        listener: int,
        decisions: Decisions,
        own: OwnObjects,
        network: NetworkService | None,
        injected: InjectedFiles | None,
        init_pid: int,
        keep: frozenset[int],
        fail: Callable[[], None],
        asking: Asking | None = None,
        tally: Tally | None = None,
    ) -> None:
        """With a `tally` every call is counted."""
        self._fd = listener
        self._fail = fail
        self._faults = Faults()
        interface = Listener(listener)
        background = Background(self._faults)
        self._background = background
        self._network = network
        self._decisions = decisions
        turned_away = decisions.denials.note_turned_away
        waiting = WaitingCalls(interface, background, self._faults, turned_away)
        self._keep = keep
        self._waiting = waiting
        self._interface = interface
        self._performer: Performer | None = None
        self._asked: AskedCalls | None = None
        if network is not None and asking is not None:
            network.permit = asking.permit
        parts = (
            interface,
            decisions,
            Handlers(machine()),
            init_pid,
            own,
            network,
            injected,
            waiting.submit,
            background,
            self._faults,
            None if asking is None else partial(self._ask, asking),
        )
        self._loop = Loop(*parts) if tally is None else _counted(tally, *parts)
        arguments = (keep,)
        self._thread = threading.Thread(
            target=self._run, args=arguments, name="nono-loop", daemon=True
        )
        self._thread.start()

    def _ask(self, asking: Asking, notification: Notification, undecided: Undecided) -> Later:
        """In the loop's thread. What only a call that asks needs is loaded at the first one."""
        if self._asked is None:
            from nono.supervisor.linux.calls.asked import AskedCalls
            from nono.supervisor.linux.calls.performer import Performer

            again = self._loop.handle_again
            self._performer = Performer(again, self._keep, self._interface)
            self._asked = AskedCalls(asking, self._waiting, self._performer)
        return self._asked.ask(notification, undecided)

    async def wait(self) -> None:
        """Serve what waits, and look-ups, until cancelled."""
        from nono.supervisor.nursery import open_nursery

        async with open_nursery() as nursery:
            nursery.start_soon(self._background.serve)
            if self._network is not None:
                nursery.start_soon(self._network.serve, self._faults, self._decisions)

    def wakes(self) -> tuple[int, ...]:
        """Descriptors that can be read when `wait` has something to do."""
        asked = () if self._network is None else self._network.wakes()
        return self._background.wakes(), *asked

    @property
    def faults(self) -> list[str]:
        """Tracebacks of what failed in our own code; each call was denied."""
        return self._faults.texts

    def _run(self, keep: frozenset[int]) -> None:
        try:
            self._loop.run(keep)
        except Exception:
            self._fail()  # first: whatever comes of noting it, no call waits for ever
            self._faults.note()

    def ends(self) -> bool:
        """Whether no process of the sandbox is left; those that are being killed have a moment."""
        self._thread.join(_JOIN_SECONDS)
        return not self._thread.is_alive()

    def close(self) -> None:
        """When no process of the sandbox is left."""
        if self._performer is not None:
            self._performer.close()
        self._background.close()
        self._thread.join(_JOIN_SECONDS)
        if not self._thread.is_alive():
            os.close(self._fd)


def _counted(tally: Tally, *parts: Any) -> Loop:
    """A loop of these parts that counts its calls."""
    # What only a run that counts its calls needs is loaded only then.
    from nono.supervisor.linux.calls.counted_loop import CountedLoop

    loop = CountedLoop(*parts)
    loop.count(tally)
    return loop
