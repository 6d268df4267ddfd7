"""Calls that have to wait (a FIFO, a lease, a connect): each becomes a trio task.

trio is imported where it is used: the program already runs by then, and its first calls need none.
"""

from __future__ import annotations

import collections
import contextlib
import errno
import resource
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from nono.shims.linux.notify import Listener, Notification
from nono.supervisor.answers import Answer, Fail, Retry, Wait
from nono.supervisor.faults import Faults
from nono.supervisor.loop import respond

if TYPE_CHECKING:
    import trio

_MAX_CALLS = 4096
_MAX_THREADS = 256
_CHECK_SECONDS = 0.1
_FIRST_RETRY_SECONDS = 0.001
_LAST_RETRY_SECONDS = 0.05
_RETRIES_PER_SECOND = 5000


class WaitingCalls:
    """Takes calls from the loop's thread at any time; serves them once trio runs."""

    def __init__(self, listener: Listener, faults: Faults) -> None:
        self._listener = listener
        self._faults = faults
        self._lock = threading.Lock()
        self._queue: collections.deque[tuple[Notification, Wait | Retry]] = collections.deque()
        self._wake: Callable[[], None] | None = None
        self._over = False
        self._count = 0

    def submit(self, notification: Notification, call: Wait | Retry) -> None:
        """Called from the loop's thread. Never blocks."""
        with self._lock:
            accepted = not self._over and self._count < _limit()
            if accepted:
                self._count += 1
                self._queue.append((notification, call))
                if self._wake is not None:
                    self._wake()
        if not accepted:
            self._refuse(notification, call)

    def _refuse(self, notification: Notification, call: Wait | Retry) -> None:
        call.close()
        respond(self._listener, notification.id, Fail(errno.ENOMEM))

    async def serve(self) -> None:
        """Run until cancelled, which is when no caller is left."""
        import trio

        limiter = trio.CapacityLimiter(_MAX_THREADS)
        token = trio.lowlevel.current_trio_token()
        async with trio.open_nursery() as nursery:

            def start_queued() -> None:  # after the end, when the nursery is closed, there are none
                while self._queue:
                    nursery.start_soon(self._serve_one, *self._queue.popleft(), limiter)

            try:
                with self._lock:
                    self._wake = partial(token.run_sync_soon, start_queued)
                start_queued()
                await trio.sleep_forever()
            finally:
                with self._lock:
                    self._over = True
                while self._queue:
                    self._refuse(*self._queue.popleft())

    async def _serve_one(
        self, notification: Notification, call: Wait | Retry, limiter: trio.CapacityLimiter
    ) -> None:
        try:
            if isinstance(call, Retry):
                answer = await self._retry(notification.id, call)
            else:
                answer = await self._wait(notification.id, call, limiter)
            if answer is not None:
                respond(self._listener, notification.id, answer)
        except Exception:
            self._faults.note()
            with contextlib.suppress(OSError):
                self._listener.fail(notification.id, errno.EACCES)
        finally:
            call.close()
            with self._lock:
                self._count -= 1

    async def _retry(self, notification_id: int, call: Retry) -> Answer | None:
        import trio

        pause = _FIRST_RETRY_SECONDS
        while self._listener.is_valid(notification_id):
            try:
                answer = call.attempt()
            except OSError as error:
                return Fail(error.errno or errno.EACCES)
            if answer is not None:
                return answer
            await trio.sleep(max(pause, self._count / _RETRIES_PER_SECOND))
            pause = min(2 * pause, _LAST_RETRY_SECONDS)
        return None

    async def _wait(
        self, notification_id: int, call: Wait, limiter: trio.CapacityLimiter
    ) -> Answer:
        import trio

        from nono.supervisor.nursery import open_nursery

        answer: Answer = Fail(errno.EAGAIN)  # what fork and connect say without resources
        # Shielded: when the session is cancelled its processes are killed, which is what makes
        # the worker thread return.
        with trio.CancelScope(shield=True):
            async with open_nursery() as nursery:
                nursery.start_soon(self._release_when_gone, notification_id, call)
                # A thread that cannot be started is a RuntimeError.
                with contextlib.suppress(RuntimeError):
                    answer = await trio.to_thread.run_sync(self._work, call, limiter=limiter)
                nursery.cancel_scope.cancel()
        return answer

    async def _release_when_gone(self, notification_id: int, call: Wait) -> None:
        """The kernel does not tell that a caller was killed; it has to be asked."""
        import trio

        while self._listener.is_valid(notification_id):
            await trio.sleep(_CHECK_SECONDS)
        while True:
            with contextlib.suppress(OSError):
                call.release()
            await trio.sleep(_CHECK_SECONDS)

    def _work(self, call: Wait) -> Answer:
        """In a worker thread. Never raises."""
        try:
            return call.work()
        except OSError as error:
            return Fail(error.errno or errno.EACCES)
        except Exception:
            self._faults.note()
            return Fail(errno.EACCES)


def _limit() -> int:
    """How many calls may wait: each has up to two descriptors of ours, and others need some too."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MAX_CALLS if soft == resource.RLIM_INFINITY else min(_MAX_CALLS, soft // 8)
