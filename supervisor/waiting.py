"""Calls that may block (a FIFO, a lease, a connect): each a trio task with a worker thread.

trio is imported where it is used: the program already runs by then, and its first calls need none.
"""

from __future__ import annotations

import collections
import contextlib
import errno
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from nono.shims.linux.notify import Listener, Notification
from nono.supervisor.answers import Answer, Fail, Wait
from nono.supervisor.loop import respond

if TYPE_CHECKING:
    import trio

_MAX_CALLS = 4096
_MAX_THREADS = 256
_CHECK_SECONDS = 0.1


class WaitingCalls:
    """Takes calls from the loop's thread at any time; serves them once trio runs."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._lock = threading.Lock()
        self._backlog: collections.deque[tuple[Notification, Wait]] = collections.deque()
        self._start: Callable[[Notification, Wait], None] | None = None
        self._count = 0

    def submit(self, notification: Notification, wait: Wait) -> None:
        """Called from the loop's thread. Never blocks."""
        with self._lock:
            if self._count >= _MAX_CALLS:
                wait.close()
                respond(self._listener, notification.id, Fail(errno.ENOMEM))
                return
            self._count += 1
            if self._start is None:
                self._backlog.append((notification, wait))
                return
            self._start(notification, wait)

    async def serve(self) -> None:
        """Run until cancelled."""
        import trio

        limiter = trio.CapacityLimiter(_MAX_THREADS)
        token = trio.lowlevel.current_trio_token()
        async with trio.open_nursery() as nursery:

            def start(notification: Notification, wait: Wait) -> None:
                token.run_sync_soon(
                    nursery.start_soon, self._serve_one, notification, wait, limiter
                )

            with self._lock:
                self._start = start
                backlog, self._backlog = self._backlog, collections.deque()
            for notification, wait in backlog:
                start(notification, wait)
            await trio.sleep_forever()

    async def _serve_one(
        self, notification: Notification, wait: Wait, limiter: trio.CapacityLimiter
    ) -> None:
        import trio

        # Shielded: when the session is cancelled its processes are killed, which is what makes
        # the worker thread return.
        try:
            with trio.CancelScope(shield=True):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._release_when_gone, notification.id, wait)
                    answer = await trio.to_thread.run_sync(_work, wait, limiter=limiter)
                    respond(self._listener, notification.id, answer)
                    nursery.cancel_scope.cancel()
        finally:
            wait.close()
            with self._lock:
                self._count -= 1

    async def _release_when_gone(self, notification_id: int, wait: Wait) -> None:
        """The kernel does not tell that a caller was killed; it has to be asked."""
        import trio

        while self._listener.is_valid(notification_id):
            await trio.sleep(_CHECK_SECONDS)
        while True:
            with contextlib.suppress(OSError):
                wait.release()
            await trio.sleep(_CHECK_SECONDS)


def _work(wait: Wait) -> Answer:
    try:
        return wait.work()
    except OSError as error:
        return Fail(error.errno or errno.EACCES)
