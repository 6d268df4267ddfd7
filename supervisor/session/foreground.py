"""One program that takes nono's place in a terminal: its streams, its signals, its exit code."""

from __future__ import annotations

import contextlib
import gc
import os
import resource
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from nono.shims.signals import signal
from nono.supervisor.errors import BrokenError
from nono.supervisor.places import run_name
from nono.supervisor.planning.plan import Plan
from nono.supervisor.session.prepare import Prepared
from nono.supervisor.session.start import start
from nono.supervisor.streams import GIVEN_UP, Ending, Streams, inherited_signals

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from nono.supervisor.asking.channel import ProgramTerminal
    from nono.supervisor.asking.terminal.own_terminal import OwnTerminal
    from nono.supervisor.session.controlled import Controlled

    if sys.platform == "darwin":
        from nono.supervisor.macos.launch.running import Session
    else:
        from nono.supervisor.linux.launch.running import Session

_SHORT_SECONDS = 0.1
_OPEN_MAX = 10240
_NO_END = float("inf")


class TimeIsUp(Exception):
    """The program was still running, and every process of it has been killed."""


def run(
    prepared: Prepared,
    plan: Plan,
    argv: Sequence[str],
    streams: Streams,
    at_the_end: Callable[[Sequence[str], int | None], None],
) -> int:
    """Run a program to its end, for as long as the plan says at the most; its wait status.

    `at_the_end` is called once everything of a program that was started is gone, with the
    tracebacks of what failed in our own code, and the wait status if there is one. Raises
    TimeIsUp, and as `start` and `Session.wait` do.
    """
    # The door to the platform.
    if sys.platform == "darwin":
        from nono.supervisor.macos.launch import signals
        from nono.supervisor.macos.launch.start import ForkHere, close_memory
        from nono.supervisor.macos.launch.terminal import flags_returned, terminal_returned
    else:
        from nono.supervisor.linux.launch import signals
        from nono.supervisor.linux.launch.here import ForkHere
        from nono.supervisor.linux.launch.start import close_memory
        from nono.supervisor.linux.launch.terminal import flags_returned, terminal_returned

    GIVEN_UP.clear()
    environment = plan.environment.apply(os.environ)
    shared = flags_returned((streams.stdin, streams.stdout, streams.stderr))
    returned = terminal_returned((streams.stdout, streams.stderr))
    status: int | None = None
    at_last, at_first = contextlib.ExitStack(), contextlib.ExitStack()
    with at_last as last, shared, returned as terminal, at_first as first:
        inherited = inherited_signals()
        asking = prepared.asking
        own = None if asking is None else asking.terminal
        given = streams if asking is None else asking.streams(streams)
        if own is None:
            own, given = _apart(prepared, given)
        signals.block(apart=own is not None)
        if own is not None:
            first.callback(own.close)
        # Where nobody is asked, the program does not wait for it.
        controlled = None if asking is None else control(prepared, plan, argv, last)
        session = start(prepared, argv, environment, plan.workdir, given, ForkHere(), inherited)
        if prepared.proxy is not None and session.proxy_listener is not None:
            prepared.proxy.listen_at(session.proxy_listener)
        gc.freeze()
        gc.enable()  # which the command did without until here
        terminal.started()
        if asking is not None:
            asking.started(session.child_pid)
        _raise_descriptor_limit()
        if controlled is None:
            controlled = control(prepared, plan, argv, last)
        controlled.end_with(session.kill)
        credentials = prepared.credentials
        if credentials is not None:
            close_memory()
        faults = partial(_faults, session, prepared, controlled)
        last.callback(lambda: at_the_end(faults(), status))
        try:
            ending = Ending(session.kill)
            apart = None if own is None else signals.Apart(own.resized, own.come_back)
            session.forward(ending, apart)
            if own is not None:
                own.start(partial(ending.note, signal.SIGINT, to_group=True))
            stop_with = partial(signals.stop_with, own=own)
            try:
                limits = plan.limits
                seconds = None if limits is None else limits.timeout
                status = _wait(session, prepared, controlled, stop_with, seconds or _NO_END)
            except BrokenError as error:
                if controlled.ended_by:
                    words = f"ended by {controlled.ended_by}: every process of it was killed"
                    raise BrokenError(words) from error
                if not ending.signal:
                    raise
                status = ending.signal  # the wait status of a program that it ends
            terminal.ended(status)
            return status
        finally:
            ending.at_end = partial(_give_up, own)
            session.close()


def _give_up(own: ProgramTerminal | None) -> None:
    """Wait for no terminal any more. From any thread."""
    GIVEN_UP.set()
    if own is not None:
        own.give_up()


def _apart(prepared: Prepared, streams: Streams) -> tuple[OwnTerminal | None, Streams]:
    """The terminal that a program gets instead of the person's, though nobody is asked on it."""
    if sys.platform == "darwin":
        from nono.supervisor.macos.launch.terminal import own_terminal

        own = own_terminal(streams, run_name(prepared.tmpdir))
        return own, streams if own is None else own.streams(streams)
    return None, streams


def control(
    prepared: Prepared, plan: Plan, argv: Sequence[str], last: contextlib.ExitStack
) -> Controlled:
    """The run as others see it, with its control socket, until `last` ends."""
    from nono.supervisor.session.controlled import Controlled  # after the program has started

    controlled = Controlled(prepared, plan, argv)
    last.callback(controlled.close)
    return controlled


def _raise_descriptor_limit() -> None:
    """To the hard limit, for what the program's calls need of us. It has started with its own."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if sys.platform == "darwin":
        # "Unlimited" there is more than the kernel takes: getrlimit(2), OPEN_MAX.
        most = _OPEN_MAX if hard == resource.RLIM_INFINITY else min(hard, _OPEN_MAX)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        return
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _faults(session: Session, prepared: Prepared, controlled: Controlled) -> list[str]:
    return [*session.faults, *prepared.proxy_faults, *controlled.faults.texts]


def _wait(
    session: Session,
    prepared: Prepared,
    controlled: Controlled,
    stop_with: Callable[[int], bool],
    seconds: float,
) -> int:
    credentials, asking, proxy = prepared.credentials, prepared.asking, prepared.proxy
    deadline = time.monotonic() + seconds

    def stopped() -> None:
        if stop_with(session.child_pid):
            session.go_on()

    # What serves a channel's people is served before long; nothing else is, until it is needed.
    alone = min(seconds, _SHORT_SECONDS) if asking is not None and asking.serves else seconds
    wakes = (*controlled.wakes(), *(() if proxy is None else (proxy.wakes(),)))
    if credentials is None and session.ends_within(alone, stopped, wakes):
        return session.status
    import trio

    beside = [each.serve for each in (credentials, asking, proxy, controlled) if each is not None]
    return trio.run(_wait_until, session, beside, stopped, deadline)


async def _wait_until(
    session: Session,
    beside: Sequence[Callable[[], Awaitable[None]]],
    stopped: Callable[[], None],
    deadline: float,
) -> int:
    import trio

    from nono.supervisor.nursery import open_nursery

    with trio.move_on_after(max(0, deadline - time.monotonic())):
        async with open_nursery() as nursery:
            for serve in beside:
                nursery.start_soon(serve)
            status = await session.wait(stopped)
            nursery.cancel_scope.cancel()
        return status
    raise TimeIsUp
