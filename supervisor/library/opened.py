"""What the faces of the library have in common: an open sandbox, and a program that was started."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, Self

import trio

from nono.supervisor.decisions.denials import Denial
from nono.supervisor.descriptors import needing_descriptors
from nono.supervisor.errors import UsageError
from nono.supervisor.library.arguments import CompleteArguments, as_bytes, known, to_run
from nono.supervisor.library.completing import Until
from nono.supervisor.library.engine import Engine, open_engine
from nono.supervisor.library.policy import Given, as_plan
from nono.supervisor.library.program import Program

if TYPE_CHECKING:
    from nono.broker.asking.question import Ask
    from nono.broker.limits import Reached
    from nono.supervisor.audit.writer import AuditOptions
    from nono.supervisor.planning.plan import Plan


def opening(
    policy: Given,
    argv: Sequence[str | os.PathLike[str]],
    audit: AuditOptions | None,
    ask: Ask | None,
    best_effort: bool,
) -> Callable[[], AbstractAsyncContextManager[Engine]]:
    """What opens the engine, in trio; the plan is made there, too."""

    @contextlib.asynccontextmanager
    async def context() -> AsyncIterator[Engine]:
        words = [os.fsdecode(each) for each in argv]
        with needing_descriptors():
            plan = await trio.to_thread.run_sync(as_plan, policy, words)
        async with open_engine(plan, best_effort=best_effort, audit=audit, ask=ask) as engine:
            yield engine

    return context


class Opened:
    """A sandbox, as far as no program has to be waited for."""

    def __init__(self) -> None:
        self._opened: Engine | None = None
        self._argv: Sequence[str | os.PathLike[str]] = ()

    def made_for(self, argv: Sequence[str | os.PathLike[str]]) -> Self:
        """Before it is opened: a policy that is no plan yet becomes one for this command."""
        self._argv = argv
        return self

    @property
    def _engine(self) -> Engine:
        if self._opened is None:
            raise UsageError("the sandbox is not open", "with nono.Sandbox(...) as box")
        return self._opened

    @property
    def plan(self) -> Plan:
        """What it enforces."""
        return self._engine.plan

    @property
    def tmpdir(self) -> str:
        """The private TMPDIR, gone when the sandbox closes."""
        return self._engine.tmpdir

    @property
    def workdir(self) -> str:
        """Where programs start."""
        return self._engine.plan.workdir

    @property
    def session(self) -> str:
        """The audit's name for `nono audit show`; empty without one."""
        return self._engine.session

    @property
    def denials(self) -> tuple[Denial, ...]:
        """Everything that was refused in it so far, each object once."""
        return self._engine.denials()


class Started:
    """A program, as far as it has not to be waited for. May be used from any thread."""

    def __init__(self, engine: Engine, program: Program, text: bool) -> None:
        self._engine, self._program, self._text = engine, program, text

    @property
    def args(self) -> tuple[str, ...]:
        """The command."""
        return self._program.argv

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._program.pid

    @property
    def returncode(self) -> int | None:
        """Its status, -n for signal n; None while it runs, or when it was never executed."""
        return self._program.returncode

    @property
    def denials(self) -> tuple[Denial, ...]:
        """What it and what it started was refused so far, each object once."""
        return self._engine.explained(self._program.refused())

    @property
    def limits(self) -> tuple[Reached, ...]:
        """The limits that were reached so far: by it, or by all that runs in its sandbox."""
        return tuple(self._program.reached())

    @property
    def faults(self) -> tuple[str, ...]:
        """As those of `Completed`, so far."""
        return self._engine.faults(self._program)

    @property
    def refusals(self) -> list[int]:
        """How often each of `denials` came, without the cost of putting them into words."""
        return [each.count for each in self._program.refused()]

    def send_signal(self, number: int) -> None:
        """To the program alone; nothing when it has ended."""
        self._program.send_signal(number)

    def terminate(self) -> None:
        """Ask it to end: SIGTERM, to the program alone."""
        self._program.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it and everything that it has started, also what lingers after its end."""
        self._program.kill()

    def resize(self, rows: int, columns: int) -> None:
        """Its terminal. Raises UsageError where it has none."""
        self._program.resize(rows, columns)

    def _status(self) -> int:
        if self._program.error is not None:
            raise self._program.error
        assert self._program.returncode is not None
        return self._program.returncode

    def _until(
        self, input: bytes | str | None, timeout: float | None, rest: Mapping[str, Any]
    ) -> Until:
        """What `complete` was given, as `run` would have been."""
        if input is not None and "stdin" not in self._program.streams:
            raise ValueError("there is no stdin to write the input to: start with stdin=PIPE")
        known("complete", rest, CompleteArguments)
        until = to_run("complete", timeout=timeout, text=self._text, **rest).until
        return Until(as_bytes(input), *(getattr(until, each) for each in _KEPT))


_KEPT = ("text", "max_output", "timeout", "grace", "check")
