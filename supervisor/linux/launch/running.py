"""One program in a sandbox, from its start to the end of its last process."""

from __future__ import annotations

import contextlib
import os
import select
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from nono.shims.signals import signal
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.errors import CommandError
from nono.supervisor.linux.calls.resolving.caller import Caller
from nono.supervisor.linux.calls.thread import Serving
from nono.supervisor.linux.confine import KEPT_CAPABILITIES, Confinement
from nono.supervisor.linux.launch import protocol
from nono.supervisor.linux.launch.end import End
from nono.supervisor.linux.launch.protocol import Descriptors, Spec
from nono.supervisor.linux.launch.signals import Apart, forward_to
from nono.supervisor.linux.launch.start import Forker, Launched, launch
from nono.supervisor.linux.processes import is_pending, state_of
from nono.supervisor.streams import Ending, Streams, inherited_signals

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from nono.broker.counting.tally import Tally
    from nono.broker.limits import Reached
    from nono.supervisor.asking.asking import Asking
    from nono.supervisor.audit.writer import Audit
    from nono.supervisor.linux.limits.held import Held


_OURS = "/shims/linux/libpreload.so"
_SIGNAL_SECONDS = 0.001
_SEEN_SECONDS = 0.1
_MAX_POLL_SECONDS = 3600.0
"""poll(2) takes milliseconds as an int."""
_ENDED = ("", "Z", "X")
"""States of a process that is gone: proc_pid_stat(5)."""


def _ignore() -> None:
    """A stop that nobody wants to hear of."""


class Session:
    """Made by `begin`, brought to its end by `wait`."""

    def __init__(
        self,
        launched: Launched,
        spec: Spec,
        forker: Forker,
        confinement: Confinement,
        decisions: Decisions,
        audit: Audit | None,
        asking: Asking | None = None,
        tally: Tally | None = None,
    ) -> None:
        self._asking = asking
        self._launched = launched
        self._spec = spec
        self._forker = forker
        self._audit = audit
        self.held: Held | None = None
        """What it is held to, where it has limits."""
        self._end = End(not_executed=launched.not_executed)
        self._serving: Serving | None = None
        if launched.listener is not None:
            self._serving = Serving(
                launched.listener,
                decisions,
                confinement.own,
                confinement.network,
                confinement.injected,
                launched.init_pid,
                KEPT_CAPABILITIES,
                self.kill,
                asking,
                tally,
            )

    @property
    def proxy_listener(self) -> int | None:
        """Where the program finds nono's proxy in a network of its own, once; close it."""
        return self._launched.proxy

    @property
    def child_pidfd(self) -> int:
        """A pidfd of the program, for signals to it."""
        return self._launched.child_pidfd

    @property
    def control(self) -> int:
        """Our end of what the init hears; -1 once it is closed."""
        return self._launched.control.fileno()

    @property
    def init_pid(self) -> int:
        """The process id of the sandbox's init, which every process of it has above it."""
        return self._launched.init_pid

    @property
    def child_pid(self) -> int:
        """The program's process id."""
        return self._launched.child_pid

    @property
    def faults(self) -> list[str]:
        """Tracebacks of what failed in our own code; each call was denied."""
        return self._serving.faults if self._serving else []

    def reached(self) -> list[Reached]:
        """The limits that it has reached so far, or the whole sandbox."""
        return [] if self.held is None else self.held.reached(self._end.status)

    def forward(self, ending: Ending, apart: Apart | None) -> None:
        """Pass signals on to the program, from now on. Raises StartError."""
        forward_to(self.child_pidfd, self.reached_group, ending, apart)

    def kill(self) -> None:
        """Ask for the end of every process of the session. Never blocks, may be called twice."""
        with contextlib.suppress(OSError):
            protocol.send(self._launched.control, protocol.KILL)

    def reached_group(self, number: int) -> bool:
        """True when a signal that we were sent went to the whole process group, as the init knows.

        It keeps it pending; here that is noted, and taken back so that the next one can be told.
        Once the program has ended nobody knows, and there is nobody to pass it on to.
        """
        try:
            if os.getpgid(self.child_pid) != os.getpgrp():
                return False
        except ProcessLookupError:
            return True
        time.sleep(_SIGNAL_SECONDS)  # the kernel gives it to one process after the other
        if not is_pending(self._launched.init_pid, number):
            return state_of(self.child_pid) in _ENDED
        with contextlib.suppress(OSError):
            protocol.send(self._launched.control, protocol.SEEN, number)
        deadline = time.monotonic() + _SEEN_SECONDS
        while is_pending(self._launched.init_pid, number) and time.monotonic() < deadline:
            time.sleep(_SIGNAL_SECONDS)
        return True

    def go_on(self) -> None:
        """Continue the program if it is still stopped as it was when `on_stop` was called.

        It may be in a process group of its own, which the shell does not continue. If it is not,
        it runs by now, or was stopped again, and then that stop counts.
        """
        with contextlib.suppress(OSError):
            protocol.send(self._launched.control, protocol.CONTINUE, self._end.stops)

    def ends_within(
        self,
        seconds: float,
        on_stop: Callable[[], None] = _ignore,
        others: Iterable[int] = (),
    ) -> bool:
        """Wait without trio, whose import takes longer than many programs run.

        It is over when a call has to wait, a name is looked up, somebody has to be asked, or one
        of the descriptors `others` can be read.
        """
        control = self._launched.control
        poll = select.poll()
        poll.register(control, select.POLLIN)
        asking = () if self._asking is None else (self._asking.wakes(),)
        serving = () if self._serving is None else self._serving.wakes()
        for other in (*others, *asking, *serving):
            poll.register(other, select.POLLIN)
        deadline = time.monotonic() + seconds
        while not self._end.over:
            left = min(deadline - time.monotonic(), _MAX_POLL_SECONDS)
            ready = poll.poll(left * 1000) if left > 0 else []
            if not ready and left == _MAX_POLL_SECONDS:
                continue
            if control.fileno() not in dict(ready):
                return False
            self._hear(on_stop)
        return True

    async def wait(
        self,
        on_stop: Callable[[], None] = _ignore,
        on_exit: Callable[[int], None] | None = None,
    ) -> int:
        """Wait until no process is left and return the program's wait status.

        When cancelled, every process of the session is killed first. `on_stop` is called
        each time the program was stopped, `on_exit` with its wait status when it has ended.
        Raises CommandError when it was never executed.
        """
        import trio

        from nono.supervisor.nursery import open_nursery

        async with open_nursery() as nursery:
            if self._serving:
                nursery.start_soon(self._serving.wait)
            try:
                await self._follow(on_stop, on_exit)
            except trio.Cancelled:
                self.kill()
                with trio.CancelScope(shield=True):
                    await self._follow(_ignore, on_exit)
                raise
            finally:
                nursery.cancel_scope.cancel()
        return self.status

    @property
    def status(self) -> int:
        """The wait status, once no process is left. Raises as `wait` does."""
        if self._end.not_executed is not None:
            number, spec, program = self._end.not_executed, self._spec, self._program()
            # What only this needs is loaded only then.
            from nono.supervisor.planning.program.not_executed import diagnose

            found = diagnose(spec.argv, number, program, spec.cwd, spec.env)
            raise CommandError(spec.argv[0], number, program, *found)
        if self._end.status is None and self.held is not None and self.held.is_ended:
            return signal.SIGKILL
        if self._end.status is None:
            raise self._end.killed()
        return self._end.status

    def _program(self) -> str | None:
        # What only a program that did not start needs is loaded only then.
        from nono.supervisor.planning.program.program import find_program

        return find_program(self._spec.argv[0], self._spec.env, self._spec.cwd)

    async def _follow(
        self, on_stop: Callable[[], None], on_exit: Callable[[int], None] | None
    ) -> None:
        import trio

        while not self._end.over:
            await trio.lowlevel.wait_readable(self._launched.control)
            self._hear(on_stop, on_exit)

    def _hear(
        self, on_stop: Callable[[], None], on_exit: Callable[[int], None] | None = None
    ) -> None:
        self._end.hear(self._launched.control, on_stop, on_exit)
        if self._end.broken:
            self._forker.end_orphans()
            self._end.has_left = self._serving is not None and not self._serving.ends()

    def close(self) -> None:
        """End what still runs, and the thread, and give the descriptors back."""
        if not self._end.over:
            self.kill()
        if self._serving:
            self._serving.close()
        if self.held is not None:
            self.held.ended(self._end.status)
        if self._audit is not None:
            for each in self.reached():
                self._audit.limited(each.name, each.summary)
            self._audit.exit(self._end.status)
        self._forker.close(self._launched.control)
        os.close(self._launched.child_pidfd)


def specify(
    confinement: Confinement,
    argv: Sequence[str],
    env: Mapping[str, str],
    cwd: str,
    streams: Streams,
    signals: tuple[list[int], list[int]] | None,
    lingers: bool = False,
    held: Held | None = None,
) -> Spec:
    """What the init is told. `held` is what the program is held to, if it has limits; `signals` are
    those that it ignores and those that it blocks: those of the calling thread, unless given."""
    ignored, blocked = signals or inherited_signals()
    return Spec(
        argv=list(argv),
        env=with_library(env, confinement.preload),
        cwd=cwd,
        program=confinement.program,
        broker=confinement.broker,
        keep=sorted(KEPT_CAPABILITIES),
        umask=Caller(os.getpid(), 0).umask,
        ignored_signals=ignored,
        signal_mask=blocked,
        closed_streams=list(streams.closed),
        lingers=lingers,
        own_network=confinement.own_network,
        group="" if held is None else held.group,
        rlimits=() if held is None else held.rlimits,
    )


def with_library(env: Mapping[str, str], library: str) -> dict[str, str]:
    """The environment with the library in it that programs load, after those that it names already.

    They come first, so that what they do to open(2) is done before ours, and a sanitizer's is the
    first of all, as it has to be. One of an outer sandbox is not passed on: it may not be readable.
    """
    named = env.get("LD_PRELOAD", "")
    if not library and _OURS not in named:
        return dict(env)
    if _OURS in named:
        import re

        named = ":".join(each for each in re.split("[ :]+", named) if not each.endswith(_OURS))
    given = ":".join(filter(None, (named, library)))
    others = {name: value for name, value in env.items() if name != "LD_PRELOAD"}
    return {**others, "LD_PRELOAD": given} if given else others


def begin(
    spec: Spec,
    streams: Streams,
    confinement: Confinement,
    decisions: Decisions,
    audit: Audit | None,
    forker: Forker,
    asking: Asking | None = None,
    tally: Tally | None = None,
    held: Held | None = None,
) -> Session:
    """Start a program and serve its calls. Blocks for some milliseconds. Raises StartError."""
    outputs = streams.stdin, streams.stdout, streams.stderr
    rules, terminals = (confinement.ruleset, confinement.scope), (streams.terminal, streams.outer)
    fds = Descriptors(-1, *outputs, *rules, *terminals)
    launched = launch(spec, fds, forker)
    if held is not None:
        held.launched(launched.init_pid)
    try:
        made = Session(launched, spec, forker, confinement, decisions, audit, asking, tally)
        if held is not None:
            made.held = held
            held.started(made.kill)
        return made
    except OSError:
        launched.close(forker)
        raise
    except RuntimeError as error:  # a thread that cannot be started
        launched.close(forker)
        from nono.supervisor.linux.process_bounds import no_more

        raise no_more(str(error)) from error
