"""An open sandbox from either event loop: in the caller's own trio, or in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import trio

from nono.supervisor.errors import UsageError
from nono.supervisor.library import answering, sinks
from nono.supervisor.library.collecting import Sink
from nono.supervisor.library.portal import Portal

if TYPE_CHECKING:
    from nono.supervisor.library.engine import Engine


class InTrio:
    """The engine runs in the caller's own trio."""

    def __init__(self) -> None:
        self._stack = contextlib.AsyncExitStack()
        self._task: Any = None

    def asking(self, ask: Any) -> Any:
        """What the sandbox asks, for a function of the caller's."""
        return answering.in_trio(ask)

    async def open(self, context: Any) -> Engine:
        """Raises what opening it raises."""
        self._task = trio.lowlevel.current_task()
        engine: Engine = await self._stack.enter_async_context(context())
        return engine

    async def close(self, *error: Any) -> None:
        """End it; `error` is as for `__aexit__`. Raises UsageError in another task."""
        if self._task is not trio.lowlevel.current_task():
            raise UsageError("in trio a sandbox is closed by the task that has opened it")
        await self._stack.__aexit__(*error)

    async def call(
        self, function: Any, *args: Any, abandon: Any = None, jobs: sinks.Waited | None = None
    ) -> Any:
        """As `Portal.acall`."""
        return await function(*args)

    def sink(self, callback: sinks.Callback, jobs: sinks.Waited) -> Sink:
        """Where output goes, for a function of the caller's; `jobs` are those of its call."""
        return sinks.here(callback)


class InAsyncio:
    """The engine runs in a thread; the methods are those of `InTrio`."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._portal: Portal | None = None

    def asking(self, ask: Any) -> Any:
        return answering.in_loop(ask, self._loop)

    async def open(self, context: Any) -> Engine:
        self._portal = Portal(context)
        engine: Engine = await self._portal.aopen()
        return engine

    async def close(self, *error: Any) -> None:
        if self._portal is not None:
            await self._portal.aclose()

    async def call(
        self, function: Any, *args: Any, abandon: Any = None, jobs: sinks.Waited | None = None
    ) -> Any:
        assert self._portal is not None
        return await self._portal.acall(function, *args, abandon=abandon, jobs=jobs)

    def sink(self, callback: sinks.Callback, jobs: sinks.Waited) -> Sink:
        return sinks.in_loop(callback, jobs, self._loop)


Way = InTrio | InAsyncio
