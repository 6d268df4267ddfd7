"""Attempts that may block after all, each in a thread that nobody waits for.

A connect is made on the program's own open socket while that does not block; but O_NONBLOCK is a
flag of the open file, which another thread of the program may clear at that very moment. In trio's
thread such an attempt would hold up the end of the run, its time limit, and a host program of the
library.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from nono.shims.linux import capabilities
from nono.supervisor.linux.calls.answers import Answer, Retry

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    import trio

_MAX_THREADS = 8
"""Of one sandbox: where all of them stall, its other attempts wait, and nobody else's."""


def may_stall(
    attempt: Callable[[], Answer | None],
    close: Callable[[], None],
    interrupted: Callable[[], Answer],
) -> Retry:
    """A call whose attempts may outlive it. `close` waits for the one that is being made."""
    held = _Held(attempt, close)
    return Retry(held.attempt, held.close, interrupted, stalls=True)


class _Held:
    """What attempts need: closed once neither the call nor a thread has a use for it."""

    def __init__(self, attempt: Callable[[], Answer | None], close: Callable[[], None]) -> None:
        self._attempt = attempt
        self._close = close
        self._lock = threading.Lock()
        self._is_used = self._is_over = False

    def attempt(self) -> Answer | None:
        """In the thread; nothing once the call is over."""
        with self._lock:
            if self._is_over:
                return None
            self._is_used = True
        try:
            return self._attempt()
        finally:
            with self._lock:
                self._is_used = False
                is_over = self._is_over
            if is_over:
                self._close()

    def close(self) -> None:
        """When the call has its answer, or nobody waits for one."""
        with self._lock:
            self._is_over = True
            is_used = self._is_used
        if not is_used:
            self._close()


class Threads:
    """Makes attempts of one sandbox."""

    def __init__(self) -> None:
        self._limiter: trio.CapacityLimiter | None = None

    async def attempt(self, call: Retry) -> Answer | None:
        """One attempt of a call that may stall. Cancelled, it is left alone. Raises OSError."""
        import trio

        if self._limiter is None:
            self._limiter = trio.CapacityLimiter(_MAX_THREADS)
        return await trio.to_thread.run_sync(
            with_rights, call, abandon_on_cancel=True, limiter=self._limiter
        )


def with_rights(call: Retry) -> Answer | None:
    """One attempt. This thread has rights of its own, which are not the sandbox's."""
    with capabilities.with_only(call.capabilities):
        return call.attempt()
