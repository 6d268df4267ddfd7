"""Functions of the caller's that answer questions, called where the caller is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import trio

from nono.supervisor.asking.channel import is_coroutine_function

if TYPE_CHECKING:
    from nono.broker.asking.question import Answer, Ask, Question


def in_thread(ask: Any) -> Ask:
    """A plain function, called in a thread. One that takes long is not waited for in the end.

    Raises TypeError for another one.
    """
    if is_coroutine_function(_callable(ask)):
        raise TypeError("ask is an async function: give it to nono.AsyncSandbox or nono.arun")

    async def answered(question: Question) -> Answer | None:
        found: Answer | None = await trio.to_thread.run_sync(ask, question, abandon_on_cancel=True)
        return found

    return answered


def in_trio(ask: Any) -> Ask:
    """For a caller in trio: async functions are awaited here, a plain one answers at once."""
    found: Ask = _callable(ask)
    return found


def in_loop(ask: Any, loop: asyncio.AbstractEventLoop) -> Ask:
    """For a caller in asyncio, whose async functions are awaited in its loop."""
    if not is_coroutine_function(_callable(ask)):
        found: Ask = ask
        return found

    async def answered(question: Question) -> Answer | None:
        token, done = trio.lowlevel.current_trio_token(), trio.Event()
        future = asyncio.run_coroutine_threadsafe(ask(question), loop)
        future.add_done_callback(lambda _: _tell(token, done))
        try:
            await done.wait()
        except trio.Cancelled:
            future.cancel()
            raise
        answer: Answer | None = future.result()
        return answer

    return answered


def _callable(ask: Any) -> Any:
    if not callable(ask):
        raise TypeError(f"ask is a function, and not {type(ask).__name__}")
    return ask


def _tell(token: trio.lowlevel.TrioToken, done: trio.Event) -> None:
    try:
        token.run_sync_soon(done.set)
    except trio.RunFinishedError:
        return  # nobody waits any more
