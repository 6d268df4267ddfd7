"""A second thread like the loop's, for calls that are decided again after a person's answer.

The loop never waits and trio's thread has other rights, so neither can run such a handler. It is
started for the first answer. *Performed on our copy*, as by the loop: the arguments are copied
again, and what they name is resolved and decided again.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from nono.shims.linux.memory import Memory
from nono.supervisor.linux.calls.answers import GIVEN, WAITING, Answer
from nono.supervisor.linux.calls.loop import respond, take_callers_rights

if TYPE_CHECKING:
    from nono.shims.linux.notify import Listener, Notification
    from nono.supervisor.decisions.undecided import Once
    from nono.supervisor.linux.calls.making import Making

    Again = Callable[[Notification, Memory, Making, Once], Answer]
    _Job = tuple[Notification, Once, Callable[[Answer | BaseException], None]]


class Performer:
    """Used from trio's thread."""

    def __init__(self, again: Again, keep: frozenset[int], listener: Listener) -> None:
        """`again` runs a call's handler; `keep` are the capabilities that the sandbox has."""
        self._again = again
        self._listener = listener
        self._keep = keep
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    async def perform(self, notification: Notification, once: Once) -> Answer:
        """The answer of the call's handler, which the caller is given at once unless it waits.

        Raises OSError and Undecided as the handler does.
        Not given up when cancelled: what was performed has to be told, and handlers do not wait.
        """
        import trio

        token, done = trio.lowlevel.current_trio_token(), trio.Event()
        result: list[Answer | BaseException] = []

        def deliver(answer: Answer | BaseException) -> None:
            result.append(answer)
            token.run_sync_soon(done.set)

        self._start()
        self._jobs.put((notification, once, deliver))
        with trio.CancelScope(shield=True):
            await done.wait()
        (answer,) = result
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="nono-performer", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        memory, making = Memory(), None
        while (job := self._jobs.get()) is not None:
            notification, once, deliver = job
            try:
                if making is None:
                    making, _ = take_callers_rights(self._keep)
                answer = self._again(notification, memory, making, once)
                if not isinstance(answer, WAITING):
                    respond(self._listener, notification.id, answer)
                    answer = GIVEN
                deliver(answer)
            except BaseException as error:
                deliver(error)
        if making is not None:
            making.close()

    def close(self) -> None:
        """When no call waits any more."""
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join()
