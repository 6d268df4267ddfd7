"""One program in a sandbox, from its start to the end of its last process."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from nono.supervisor.errors import BrokenError, CommandError
from nono.supervisor.macos.launch import messages, signals
from nono.supervisor.macos.launch.ending import kill_everything
from nono.supervisor.macos.launch.messages import Descriptors, Spec
from nono.supervisor.macos.launch.start import Forker, Launched, launch
from nono.supervisor.planning.program.program import find_program
from nono.supervisor.streams import Ending, Streams, inherited_signals

if TYPE_CHECKING:
    from nono.broker.counting.tally import Tally
    from nono.supervisor.asking.asking import Asking
    from nono.supervisor.audit.writer import Audit
    from nono.supervisor.decisions.decide import Decisions


class Confinement(Protocol):
    """What holds the programs of a sandbox: `macos.confine`."""

    @property
    def profile(self) -> str: ...
    @property
    def parameters(self) -> Mapping[str, str]: ...
    @property
    def mark(self) -> str: ...
    def begins(self) -> None:
        """A program is about to be started."""

    def started(self) -> None:
        """It was started."""

    def ended(self, failed: bool) -> None:
        """Everything of a program is gone."""


_LEFT = "{} of the program's processes could not be ended: look for them with ps(1)"


@dataclass(slots=True)
class _End:
    """What the guard said about the end: a wait status, or the errno of the execve."""

    status: int | None = None
    not_executed: int | None = None
    over: bool = False
    broken: bool = False
    """Over, since the guard was killed."""
    stops: int = 0
    left: int = 0
    """How many processes could not be ended."""

    def hear(self, control: socket.socket, on_stop: Callable[[], None]) -> None:
        """Take the next message. Blocks when there is none."""
        try:
            message = messages.receive(control)
        except ConnectionResetError:
            message = None
        match message:
            case [messages.STOPPED, int(number)]:
                self.stops = number
                on_stop()
            case [messages.EXITED, int(number)]:
                self.status = number
            case [messages.ENDED, int(number)]:
                self.over, self.left = True, number
            case None:
                self.over = self.broken = True


def _ignore() -> None:
    """A stop that nobody wants to hear of."""


@dataclass(slots=True)
class Session:
    """Made by `begin`, brought to its end by `wait`."""

    launched: Launched
    spec: Spec
    confinement: Confinement
    audit: Audit | None
    asking: Asking | None = None
    faults: list[str] = field(default_factory=list)
    """What went wrong in our own doing."""
    _end: _End = field(default_factory=_End)

    def __post_init__(self) -> None:
        self._end.not_executed = self.launched.not_executed
        self._end.over = self.launched.not_executed is not None

    @property
    def proxy_listener(self) -> None:
        """There is one network, which nono's proxy listens in."""

    @property
    def control(self) -> int:
        """Our end of what the guard hears; -1 once it is closed."""
        return self.launched.control.fileno()

    @property
    def child_pid(self) -> int:
        """The program's process id; 0 when it was not executed."""
        return self.launched.pid

    def kill(self) -> None:
        """Ask for the end of every process of the session. Never blocks, may be called twice."""
        self._tell(messages.KILL)

    def _tell(self, *message: object) -> None:
        with contextlib.suppress(OSError):
            messages.send(self.launched.control, *message)

    def forward(self, ending: Ending, apart: signals.Apart | None) -> None:
        """Pass signals on to the program, from now on. Raises StartError."""
        signals.forward(lambda *what: self._tell(messages.SIGNAL, *what), ending, apart)

    def go_on(self) -> None:
        """Continue the program if it is still stopped as it was when `on_stop` was called."""
        self._tell(messages.CONTINUE, self._end.stops)

    def ends_within(
        self,
        seconds: float,
        on_stop: Callable[[], None] = _ignore,
        others: Iterable[int] = (),
    ) -> bool:
        """Wait without trio, whose import takes longer than many programs run.

        It is over when somebody has to be asked, or one of the descriptors `others` can be read.
        """
        control = self.launched.control
        asking = () if self.asking is None else (self.asking.wakes(),)
        deadline = time.monotonic() + seconds
        while not self._end.over:
            left = max(0.0, deadline - time.monotonic())
            waited = None if left == float("inf") else left
            ready, _, _ = select.select([control, *others, *asking], (), (), waited)
            if control not in ready:
                return False
            self._hear(on_stop)
        return True

    async def wait(self, on_stop: Callable[[], None] = _ignore) -> int:
        """Wait until no process is left and return the program's wait status.

        When cancelled, every process of the session is killed first. `on_stop` is called
        each time the program was stopped. Raises CommandError when it was never executed.
        """
        import trio

        try:
            await self._follow(on_stop)
        except trio.Cancelled:
            self.kill()
            with trio.CancelScope(shield=True):
                await self._follow(_ignore)
            raise
        return self.status

    @property
    def status(self) -> int:
        """The wait status, once no process is left. Raises as `wait` does."""
        number = self._end.not_executed
        if number is not None:
            # What only this needs is loaded only then.
            from nono.supervisor.planning.program.not_executed import diagnose

            spec = self.spec
            program = find_program(spec.argv[0], spec.env, spec.cwd)
            found = diagnose(spec.argv, number, program, spec.cwd, spec.env)
            raise CommandError(spec.argv[0], number, program, *found)
        if self._end.status is None:
            raise BrokenError("the sandbox's guard was killed, and every process with it")
        return self._end.status

    async def _follow(self, on_stop: Callable[[], None]) -> None:
        import trio

        while not self._end.over:
            await trio.lowlevel.wait_readable(self.launched.control)
            self._hear(on_stop)

    def _hear(self, on_stop: Callable[[], None]) -> None:
        self._end.hear(self.launched.control, on_stop)
        if self._end.broken:
            self._end.left = kill_everything(0, self.spec.mark, tuple, _ignore)
        if self._end.left:
            self.faults.append(_LEFT.format(self._end.left))

    def close(self) -> None:
        """End what still runs, and give the descriptors back."""
        if not self._end.over:
            self.kill()
        self.launched.close()
        self.confinement.ended(failed=self._end.status != 0)
        if self.audit is not None:
            self.audit.exit(self._end.status)


def specify(
    confinement: Confinement,
    argv: Sequence[str],
    env: Mapping[str, str],
    cwd: str,
    streams: Streams,
    signals: tuple[list[int], list[int]] | None,
    lingers: bool = False,
) -> Spec:
    """What the guard is told. `signals` are those that the program ignores and those that it
    blocks: those of the calling thread, unless given. What a program leaves running ends with it
    here, also where it is said that it `lingers`."""
    ignored, blocked = signals or inherited_signals()
    return Spec(
        argv=list(argv),
        env=dict(env),
        cwd=cwd,
        profile=confinement.profile,
        parameters=dict(confinement.parameters),
        mark=confinement.mark,
        umask=_umask(),
        ignored_signals=ignored,
        signal_mask=blocked,
        closed_streams=list(streams.closed),
    )


def begin(
    spec: Spec,
    streams: Streams,
    confinement: Confinement,
    decisions: Decisions,
    audit: Audit | None,
    forker: Forker,
    asking: Asking | None = None,
    tally: Tally | None = None,
) -> Session:
    """Start a program. Blocks for some milliseconds. Raises StartError.

    There is nothing to count in a `tally`: no call comes here.
    """
    outputs = streams.stdin, streams.stdout, streams.stderr
    confinement.begins()
    launched = launch(spec, Descriptors(-1, *outputs, streams.terminal, streams.outer), forker)
    confinement.started()
    return Session(launched, spec, confinement, audit, asking)


def _umask() -> int:
    """This process's, which can only be read by setting it: umask(2)."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
