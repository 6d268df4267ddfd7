"""Calls that have to wait (a FIFO, a lease, a connect): each becomes a trio task."""

from __future__ import annotations

import contextlib
import errno
import resource
import threading
from collections.abc import Callable, Collection

from nono.broker.dataclass import dataclass
from nono.shims.linux.notify import Listener, Notification
from nono.supervisor.faults import Faults
from nono.supervisor.linux.calls.answers import Answer, Fail, Later, Retry
from nono.supervisor.linux.calls.loop import respond
from nono.supervisor.linux.calls.resolving.caller import Caller
from nono.supervisor.linux.calls.stalling import Threads, with_rights
from nono.supervisor.linux.calls.tasks import Background

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    import trio

_MAX_CALLS = 4096
_CHECK_SECONDS = 0.05
_CHECKS_PER_SECOND = 2000
_FIRST_RETRY_SECONDS = 0.001
_LAST_RETRY_SECONDS = 0.05
_RETRIES_PER_SECOND = 5000


class WaitingCalls:
    """Takes calls from the loop's thread at any time; serves them once trio runs."""

    def __init__(
        self,
        listener: Listener,
        background: Background,
        faults: Faults,
        turned_away: Callable[[int], None],
    ) -> None:
        """`turned_away` hears of each call beyond the bound, which it is told."""
        self._turned_away = turned_away
        self._listener = listener
        self._background = background
        self._faults = faults
        self._lock = threading.Lock()
        self._count = 0
        self._watched: dict[int, _Watched] = {}
        self._is_watching = False
        self._threads = Threads()

    def submit(self, notification: Notification, call: Later | Retry) -> None:
        """Called from the loop's thread. Never blocks."""
        limit = _limit() if isinstance(call, Retry) or call.holds else _MAX_CALLS
        with self._lock:
            accepted = self._count < limit
            self._count += 1

        def refuse() -> None:
            self._end(call)
            respond(self._listener, notification.id, Fail(errno.ENOMEM))

        if accepted:
            self._background.start(lambda: self._serve(notification, call), refuse)
        else:
            self._turned_away(limit)
            refuse()

    def _end(self, call: Later | Retry) -> None:
        with self._lock:
            self._count -= 1
        call.close()

    async def _serve(self, notification: Notification, call: Later | Retry) -> None:
        try:
            answer = await self._answer(notification, call)
            if answer is not None:
                respond(self._listener, notification.id, answer)
        except Exception:
            self._faults.note()
            with contextlib.suppress(OSError):
                self._listener.fail(notification.id, errno.EACCES)
        finally:
            self._end(call)

    async def _answer(self, notification: Notification, call: Later | Retry) -> Answer | None:
        """The answer, or the one for a caller with a signal to handle; None when it has died."""
        import trio

        watched = _Watched(notification, call.sleeps_through, trio.CancelScope())
        self._watch(watched)
        answer: Answer | None = None
        try:
            with watched.scope:
                try:
                    answer = await self.perform(notification.id, call)
                except OSError as error:
                    answer = Fail(error.errno or errno.EACCES)
        finally:
            del self._watched[notification.id]
        # Only reached without an answer, or with one that came at the same moment.
        if answer is None and not watched.is_dead:
            return call.interrupted()
        return answer

    async def perform(self, notification_id: int, call: Later | Retry) -> Answer:
        """The answer of what waits, once there is one. Raises OSError."""
        return await (call.run() if isinstance(call, Later) else self._retry(notification_id, call))

    def _watch(self, watched: _Watched) -> None:
        self._watched[watched.notification.id] = watched
        if not self._is_watching:
            self._is_watching = True
            self._background.start(self._watch_all, lambda: None)

    async def _watch_all(self) -> None:
        """Tell who has died or has a signal. The kernel tells neither; it has to be asked."""
        import trio

        try:
            while self._watched:
                await trio.sleep(max(_CHECK_SECONDS, self._count / _CHECKS_PER_SECOND))
                for watched in [*self._watched.values()]:
                    if self._is_over(watched):
                        watched.scope.cancel()
        finally:
            self._is_watching = False

    def _is_over(self, watched: _Watched) -> bool:
        """True when the caller has died, or has a signal to handle.

        A signal counts when it is seen twice in turn: one that another thread of the process was
        chosen for is gone by then.
        """
        notification = watched.notification
        if not self._listener.is_valid(notification.id):
            watched.is_dead = True
            return True
        pending = Caller(notification.tid, 0).has_signal(watched.sleeps_through)
        is_over = pending and watched.has_signal
        watched.has_signal = pending
        return is_over

    async def _retry(self, notification_id: int, call: Retry) -> Answer:
        import trio

        pause = _FIRST_RETRY_SECONDS
        # For a caller that has died nothing may be opened: another could meet it.
        while self._listener.is_valid(notification_id):
            answer = await self._threads.attempt(call) if call.stalls else with_rights(call)
            if answer is not None:
                return answer
            await trio.sleep(max(pause, self._count / _RETRIES_PER_SECOND))
            pause = min(2 * pause, _LAST_RETRY_SECONDS)
        await trio.sleep_forever()


@dataclass(slots=True)
class _Watched:
    """A call that waits, and what was seen of its caller when it was last looked at."""

    notification: Notification
    sleeps_through: Collection[int]
    scope: trio.CancelScope
    has_signal: bool = False
    is_dead: bool = False


def _limit() -> int:
    """How many calls may wait: each has up to two descriptors of ours, and others need some too."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MAX_CALLS if soft == resource.RLIM_INFINITY else min(_MAX_CALLS, soft // 8)
