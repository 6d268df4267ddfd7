"""What a handler answers. Handlers decide and perform; only the loop talks to the listener."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nono.broker.dataclass import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from nono.shims.linux.memory_writing import MemoryOf


@dataclass(slots=True)
class Continue:
    """The kernel does the call itself. Only for what the floor holds whatever the arguments."""


@dataclass(slots=True)
class Fail:
    """The call fails with `errno` (positive)."""

    errno: int


@dataclass(slots=True)
class Return:
    """The call was performed and returns `value`."""

    value: int


@dataclass(slots=True)
class Inject:
    """The call was performed and returns a copy of our descriptor `fd`.

    Ours is closed before the call returns: others can tell that it is open (ETXTBSY, a FIFO).
    """

    fd: int
    close_on_exec: bool


@dataclass(slots=True)
class InjectPair:
    """The call was performed and gives copies of both of `fds`, as pipe(2) does.

    Their numbers are written to `address` in the caller's `memory`. All is closed then.
    """

    fds: tuple[int, int]
    close_on_exec: bool
    memory: MemoryOf
    address: int


@dataclass(slots=True)
class Replace:
    """The call was performed, and `at` of the caller's is a copy of our `fd` from now on."""

    fd: int
    at: int
    close_on_exec: bool


@dataclass(slots=True)
class Restart:
    """The call goes back to its caller for a signal, and is made again or fails with EINTR.

    Which of the two is up to the signal handler (SA_RESTART), as for any waiting call: signal(7).
    """


@dataclass(slots=True)
class Given:
    """The caller has its answer already."""


@dataclass(slots=True)
class Later:
    """The call has to wait, so it becomes a trio task of its own.

    `run` gives the answer; it is cancelled when the caller has died or has a signal to handle, in
    which case `interrupted` gives the answer. Then `close` is called. `holds` says that it holds
    descriptors of ours, of which there are not many. A signal in `sleeps_through` interrupts it as
    little as it does a call on a file.
    """

    run: Callable[[], Awaitable[Answer]]
    close: Callable[[], None]
    interrupted: Callable[[], Answer] = Restart
    holds: bool = True
    sleeps_through: frozenset[int] = frozenset()


@dataclass(slots=True)
class Retry:
    """The call cannot be performed yet, so it becomes a task of its own.

    `attempt` never blocks; it is made again and again until it gives an answer, the caller has
    died, or it has a signal to handle, in which case `interrupted` gives the answer. Then `close`
    is called.
    """

    attempt: Callable[[], Answer | None]
    close: Callable[[], None]
    interrupted: Callable[[], Answer] = Restart
    capabilities: frozenset[int] = frozenset()
    """Those that attempts are made with, if the thread has them; the loop says which."""
    sleeps_through: frozenset[int] = frozenset()
    stalls: bool = False
    """An attempt may block after all, since the program can change what it is made on meanwhile."""


Answer = Continue | Fail | Return | Inject | InjectPair | Replace | Restart | Given | Later | Retry
WAITING = (Later, Retry)

CONTINUE = Continue()
DONE = Return(0)
GIVEN = Given()
