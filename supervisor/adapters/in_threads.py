"""The library from asyncio and from trio alike, for frameworks that run in either: by threads."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

import anyio
from anyio import to_thread

import nono

T = TypeVar("T")
_ANY_NUMBER = math.inf


async def in_thread(function: Callable[[], T], *, abandon: bool = False) -> T:
    """Any number at the same time: programs may take long, and wait for each other.

    With `abandon` a cancellation does not wait for its end.
    """
    limiter = anyio.CapacityLimiter(_ANY_NUMBER)
    return await to_thread.run_sync(function, abandon_on_cancel=abandon, limiter=limiter)


async def run(
    box: nono.Sandbox,
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
    max_output: int,
    stderr: int = nono.PIPE,
) -> nono.Completed:
    """As `nono.AsyncSandbox.run`; `env` is added to this process's own variables."""
    variables = {**os.environ, **(env or {})}
    piped = partial(box.start, argv, stdout=nono.PIPE, stderr=stderr, env=variables)
    process = await in_thread(piped)
    waiting = partial(process.complete, None, timeout, max_output=max_output)
    try:
        return await in_thread(waiting, abandon=True)
    except anyio.get_cancelled_exc_class():
        process.kill()
        raise


def status_of(done: nono.Completed) -> int:
    """As a shell has it: 128 and the signal's number."""
    return done.returncode if done.returncode >= 0 else 128 - done.returncode
