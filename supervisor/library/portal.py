"""trio in a thread of its own, for programs that have another event loop, or none.

A loop that its program blocks for a while does not keep the sandbox from being served, and what
goes on here ends with the sandbox and not with the caller's loop. So it is a thread, and not trio's
guest mode.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import threading
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

import outcome
import trio

from nono.supervisor.descriptors import needing_descriptors
from nono.supervisor.errors import BrokenError, UsageError
from nono.supervisor.library.sinks import Jobs, Waited

T = TypeVar("T")
Function = Callable[..., Awaitable[T]]
Abandon = Callable[[Any], None] | None
Opening = Callable[[], AbstractAsyncContextManager[Any]]


class _Call:
    """One coroutine that is run in the thread; `tell` is called there when it is done."""

    def __init__(self, function: Callable[..., Awaitable[Any]], args: tuple[Any, ...]) -> None:
        self._function = function
        self._args = args
        self._scope = trio.CancelScope()
        self.tell: Callable[[], None] = _nothing
        self.outcome: outcome.Outcome[Any] | None = None

    async def run(self) -> None:
        """In the thread."""
        with self._scope:
            self.outcome = await outcome.acapture(_awaited, self._function, self._args)
        self.end()

    def end(self) -> None:
        """In the thread; without an outcome it was cancelled."""
        if self.outcome is None or _is_cancelled(self.outcome):
            gone = BrokenError("the sandbox was closed while somebody waited for it")
            self.outcome = outcome.Error(gone)
        self.tell()

    def cancel(self) -> None:
        """In the thread. One that is done is told of again, since that may have been lost."""
        self._scope.cancel()
        if self.outcome is not None:
            self.tell()


async def _awaited(function: Callable[..., Awaitable[Any]], args: tuple[Any, ...]) -> Any:
    return await function(*args)


def _is_cancelled(found: outcome.Outcome[Any]) -> bool:
    """Also where several tasks of one nursery were: each has an exception of its own."""
    if not isinstance(found, outcome.Error):
        return False
    if isinstance(found.error, BaseExceptionGroup):
        return found.error.split(trio.Cancelled)[1] is None
    return isinstance(found.error, trio.Cancelled)


def _nothing() -> None:
    """Nobody waits yet."""


class Portal:
    """An open context manager of trio's, in a thread until `close`. May be used from any thread."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._lock = threading.Lock()
        self._calls: set[_Call] = set()
        self._token: trio.lowlevel.TrioToken | None = None
        self._nursery: trio.Nursery | None = None
        self._pid = os.getpid()
        self._closing: trio.Event | None = None
        self._opened = _Call(_never, ())
        self._closed = _Call(_never, ())
        self._thread = threading.Thread(target=self._run, name="nono-sandbox", daemon=True)

    # In the thread.

    def _run(self) -> None:
        result = outcome.capture(trio.run, self._main)
        with self._lock:
            self._token = None
            left = list(self._calls)
        for call in left:
            call.end()
        if self._opened.outcome is None:
            self._opened.outcome = result
            self._opened.tell()
        self._closed.outcome = result
        self._closed.tell()

    async def _main(self) -> None:
        self._closing = trio.Event()
        async with self._opening() as opened, trio.open_nursery() as nursery:
            self._nursery = nursery
            with self._lock:
                self._token = trio.lowlevel.current_trio_token()
            self._opened.outcome = outcome.Value(opened)
            self._opened.tell()
            await self._closing.wait()
            nursery.cancel_scope.cancel()

    def _begin(self, call: _Call) -> None:
        try:
            assert self._nursery is not None
            self._nursery.start_soon(call.run)
        except RuntimeError:  # it closes already
            call.end()

    # From other threads.

    def _submit(self, call: _Call, tell: Callable[[], None]) -> None:
        """Raises UsageError when it is closed, or was opened by a process that forked this one."""
        if os.getpid() != self._pid:
            raise UsageError("the sandbox was opened in another process")
        call.tell = tell
        with self._lock:
            if self._token is None:
                raise UsageError("the sandbox is closed")
            self._calls.add(call)
            self._token.run_sync_soon(self._begin, call)

    def _soon(self, function: Callable[..., None], *args: Any) -> None:
        with self._lock, contextlib.suppress(trio.RunFinishedError):
            if self._token is not None:
                self._token.run_sync_soon(function, *args)

    def _done(self, call: _Call) -> Any:
        with self._lock:
            self._calls.discard(call)
        assert call.outcome is not None
        return call.outcome.unwrap()

    def _opened_one(self) -> Any:
        """Raises StartError also where trio itself had no descriptor left to begin with."""
        assert self._opened.outcome is not None
        with needing_descriptors():
            return self._opened.outcome.unwrap()

    def _ask_to_close(self) -> None:
        if self._closing is not None:
            self._soon(self._closing.set)

    # From plain Python.

    def open(self) -> Any:
        """What the context manager gives. Raises what opening it raises."""
        told: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._opened.tell = lambda: told.put(None)
        self._thread.start()
        try:
            told.get()
        except BaseException:
            self.close()
            raise
        return self._opened_one()

    def close(self) -> None:
        """End it; what is being waited for in other threads ends, too."""
        if os.getpid() != self._pid:
            return
        while self._thread.is_alive():
            self._ask_to_close()
            self._thread.join(0.05 if self._closing is None or self._token is None else None)

    def call(
        self,
        function: Function[T],
        *args: Any,
        abandon: Abandon = None,
        jobs: Jobs | None = None,
    ) -> T:
        """Run a coroutine there; an exception here, as KeyboardInterrupt, cancels it first.

        What comes by `jobs` meanwhile is done here. A result that nobody wants goes to `abandon`.
        """
        told = Jobs() if jobs is None else jobs
        call = _Call(function, args)
        self._submit(call, lambda: told.put(None))
        try:
            while job := told.get():
                job.do()
        except BaseException as error:
            self._soon(call.cancel)
            if self._token is None:  # all calls were told, and this one may have lost it
                told.put(None)
            told.refuse(error)
            while job := told.get():
                job.refuse(error)
            _give_up(call, abandon)
            raise
        result: T = self._done(call)
        return result

    # From asyncio.

    async def aopen(self) -> Any:
        """As `open`, for the running loop of asyncio."""
        done, self._opened.tell = _told()
        self._thread.start()
        try:
            await asyncio.wait((done,))
        except asyncio.CancelledError:
            await self.aclose()
            raise
        return self._opened_one()

    async def aclose(self) -> None:
        """As `close`; not undone halfway."""
        closing = asyncio.get_running_loop().run_in_executor(None, self.close)
        await _wait_through((closing,))

    async def acall(
        self,
        function: Function[T],
        *args: Any,
        abandon: Abandon = None,
        jobs: Waited | None = None,
    ) -> T:
        """As `call`; when cancelled, the coroutine is cancelled, and has ended when this has.

        What was handed to the loop by `jobs` before is done by it; what it has lost is refused.
        """
        call = _Call(function, args)
        done, tell = _told()
        self._submit(call, tell)
        try:
            await asyncio.wait((done,))
        except asyncio.CancelledError as error:
            self._soon(call.cancel)
            if jobs is not None:  # after those that the loop still has: it takes them in order
                asyncio.get_running_loop().call_soon(jobs.refuse, error)
            with contextlib.suppress(asyncio.CancelledError):
                await _wait_through((done,))
            _give_up(call, abandon)
            raise
        except BaseException:  # the loop itself is given up
            self._soon(call.cancel)
            raise
        result: T = self._done(call)
        return result


async def _never() -> None:
    """The call stands for the opening and the closing, which nobody has to run."""


def _told() -> tuple[asyncio.Future[None], Callable[[], None]]:
    """A future of the running loop, and what is called in the thread to say that it is there."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def tell() -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(_set, done)

    return done, tell


def _set(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)


async def _wait_through(futures: tuple[asyncio.Future[Any], ...]) -> None:
    """Wait although one is cancelled meanwhile, which is raised afterwards."""
    cancelled: asyncio.CancelledError | None = None
    while not all(each.done() for each in futures):
        try:
            await asyncio.wait(futures)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled


def _give_up(call: _Call, abandon: Abandon) -> None:
    """The result comes when nobody wants it any more."""
    if abandon is not None and isinstance(call.outcome, outcome.Value):
        abandon(call.outcome.value)
