"""Tasks that the loop's thread asks for and trio runs: it may ask before trio has started.

trio is imported where it is used: the program already runs by then, and its first calls need none.
"""

from __future__ import annotations

import collections
import os
import threading
from collections.abc import Awaitable, Callable
from functools import partial

from nono.broker.named_tuple import NamedTuple
from nono.supervisor.faults import Faults


class _Job(NamedTuple):
    run: Callable[[], Awaitable[None]]
    abandon: Callable[[], None]


class Background:
    """Takes tasks from any thread at any time; they start once trio runs."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._lock = threading.Lock()
        self._queue: collections.deque[_Job] = collections.deque()
        self._wake: Callable[[], None] | None = None
        self._over = False
        self._asked = -1

    def wakes(self) -> int:
        """A descriptor that can be read once a task was given and trio does not run yet."""
        with self._lock:
            if self._asked < 0:
                self._asked = os.eventfd(len(self._queue), os.EFD_CLOEXEC | os.EFD_NONBLOCK)
            return self._asked

    def close(self) -> None:
        """When nobody waits any more."""
        with self._lock:
            asked, self._asked = self._asked, -1
        if asked >= 0:
            os.close(asked)

    def start(self, run: Callable[[], Awaitable[None]], abandon: Callable[[], None]) -> None:
        """Run it as a task. Never blocks. `abandon` is called if it is too late for that."""
        with self._lock:
            if not self._over:
                self._queue.append(_Job(run, abandon))
                if self._wake is not None:
                    self._wake()
                elif self._asked >= 0:
                    os.eventfd_write(self._asked, 1)
                return
        abandon()

    async def serve(self) -> None:
        """Run until cancelled, which is when no caller is left."""
        import trio

        token = trio.lowlevel.current_trio_token()
        async with trio.open_nursery() as nursery:

            def start_queued() -> None:  # after the end, when the nursery is closed, there are none
                while self._queue:
                    nursery.start_soon(self._run, self._queue.popleft())

            try:
                with self._lock:
                    self._wake = partial(token.run_sync_soon, start_queued)
                start_queued()
                await trio.sleep_forever()
            finally:
                with self._lock:
                    self._over = True
                while self._queue:
                    self._queue.popleft().abandon()

    async def _run(self, job: _Job) -> None:
        try:
            await job.run()
        except Exception:
            self._faults.note()
