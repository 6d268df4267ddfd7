"""A trio nursery whose one error comes alone.

trio puts every error that leaves a nursery into an exception group, one or many. The nurseries of
this package have one task that can fail, and its caller wants to catch what it raised.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import trio


@contextlib.asynccontextmanager
async def open_nursery() -> AsyncIterator[trio.Nursery]:
    """As trio.open_nursery; a group of one error is raised as that error."""
    try:
        async with trio.open_nursery() as nursery:
            yield nursery
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
            error = error.exceptions[0]
        raise error from error.__cause__
