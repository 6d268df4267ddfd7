"""What a handler answers. Handlers decide and perform; only the loop talks to the listener."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Continue:
    """The kernel does the call itself. Only for what the floor holds whatever the arguments."""


@dataclass(frozen=True, slots=True)
class Fail:
    """The call fails with `errno` (positive)."""

    errno: int


@dataclass(frozen=True, slots=True)
class Return:
    """The call was performed and returns `value`."""

    value: int


@dataclass(frozen=True, slots=True)
class Inject:
    """The call was performed and returns a copy of our descriptor `fd`, which the loop closes.

    With `close_first` it is closed before the call returns: for what others can tell is open.
    """

    fd: int
    close_on_exec: bool
    close_first: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """The call may block and cannot be tried without, so it becomes a task with a thread.

    `work` runs in a worker thread and gives the final answer. `release` is called, possibly more
    than once, when the caller has died: it makes a blocked `work` return. `close` is called when
    `work` has returned.
    """

    work: Callable[[], Answer]
    release: Callable[[], None]
    close: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Retry:
    """The call cannot be performed yet, so it becomes a task of its own.

    `attempt` never blocks; it is made again and again until it gives an answer or the caller has
    died. Then `close` is called.
    """

    attempt: Callable[[], Answer | None]
    close: Callable[[], None]


Answer = Continue | Fail | Return | Inject | Wait | Retry
LATER = (Wait, Retry)

CONTINUE = Continue()
DONE = Return(0)
