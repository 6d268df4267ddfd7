"""Functions of the caller's that get a program's output, called where the caller is.

The program is not read from before such a function has returned, so it cannot print faster than the
caller takes it.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
from collections.abc import Callable
from typing import Any

import trio

from nono.supervisor.library.collecting import Sink

Callback = Callable[[Any], object]


class Job:
    """One call of such a function, made in trio's thread and done in the caller's."""

    def __init__(self, callback: Callback, piece: Any) -> None:
        self._callback = callback
        self._piece = piece
        self._done = trio.Event()
        self._token = trio.lowlevel.current_trio_token()
        self._error: BaseException | None = None

    def do(self) -> None:
        """Call it. What it raises is raised in `wait` and, for a KeyboardInterrupt, here."""
        try:
            self._callback(self._piece)
        except BaseException as error:
            self.refuse(error)
            if not isinstance(error, Exception):
                raise
        else:
            self._tell()

    def refuse(self, error: BaseException) -> None:
        """Do not call it: the caller has gone."""
        self._error = error
        self._tell()

    def _tell(self) -> None:
        with contextlib.suppress(trio.RunFinishedError):
            self._token.run_sync_soon(self._done.set)

    async def wait(self) -> None:
        """Until it is done."""
        await self._done.wait()
        if isinstance(self._error, Exception):
            raise self._error


def here(callback: Callback) -> Sink:
    """For a caller in trio."""

    async def sink(piece: Any) -> None:
        callback(piece)

    return sink


class Waited:
    """The jobs of one call that were handed to its caller and are not done."""

    def __init__(self) -> None:
        self.waited_for: set[Job] = set()

    async def wait(self, job: Job, hand: Callable[[Job], object]) -> None:
        """Hand it over and wait until it is done. In trio's thread."""
        self.waited_for.add(job)
        try:
            hand(job)
            await job.wait()
        finally:
            self.waited_for.discard(job)

    def refuse(self, error: BaseException) -> None:
        """Refuse what is waited for, also what was taken out and is lost.

        A KeyboardInterrupt comes between any two steps of the caller's.
        """
        for job in tuple(self.waited_for):
            job.refuse(error)


class Jobs(queue.SimpleQueue[Job | None], Waited):
    """What a caller in plain Python is to do; None: the call is over."""

    def __init__(self) -> None:
        Waited.__init__(self)


def in_queue(callback: Callback, jobs: Jobs) -> Sink:
    """For a caller in plain Python, who takes the jobs out of the queue."""

    async def sink(piece: Any) -> None:
        await jobs.wait(Job(callback, piece), jobs.put)

    return sink


def in_loop(callback: Callback, jobs: Waited, loop: asyncio.AbstractEventLoop) -> Sink:
    """For a caller in asyncio. Raises RuntimeError where its loop is closed."""

    async def sink(piece: Any) -> None:
        await jobs.wait(Job(callback, piece), lambda job: loop.call_soon_threadsafe(job.do))

    return sink
