"""An open sandbox, in trio: the one engine behind the faces for trio, asyncio and plain Python.

Programs are forked by a small server process (`fork_server.py`), since the caller has threads.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeVar

import trio

from nono.broker.rules.rule import Effect, OriginKind
from nono.broker.visible import visible
from nono.supervisor.decisions.denials import Denial
from nono.supervisor.descriptors import needing_descriptors
from nono.supervisor.errors import UsageError
from nono.supervisor.in_forks import forget, keep_from_forks, making
from nono.supervisor.library.files import Files
from nono.supervisor.library.pipes import Pipes, Wanted, open_pipes
from nono.supervisor.library.policy import check_argv
from nono.supervisor.library.program import Program
from nono.supervisor.library.words import in_python, python_words
from nono.supervisor.nursery import open_nursery
from nono.supervisor.session.prepare import Prepared, prepare_in_host
from nono.supervisor.session.start import start

if TYPE_CHECKING:
    from nono.broker.asking.question import Ask
    from nono.broker.requests import Request
    from nono.supervisor.audit.writer import AuditOptions
    from nono.supervisor.planning.plan import Plan

    if sys.platform == "darwin":
        from nono.supervisor.macos.launch.running import Session
    else:
        from nono.supervisor.linux.launch.running import Session

T = TypeVar("T")
_MAX_TOLD = 1_000
_TOLD: dict[str, None] = {}
"""Notes that this process was told."""


@dataclass(frozen=True, slots=True)
class How:
    """How a program is started, besides its command."""

    wanted: Wanted = field(default_factory=Wanted)
    env: Mapping[str, str] | None = None
    cwd: str | os.PathLike[str] | None = None
    lingers: bool = True
    """What it leaves running goes on until the sandbox closes."""
    in_time: bool = True
    """It is killed when the plan's time for a program is up; else whoever waits for it sees to it.
    """


class Engine:
    """Made by `open_engine`. Its coroutines belong to the trio run that it was made in."""

    def __init__(self, prepared: Prepared, plan: Plan, nursery: trio.Nursery) -> None:
        self.prepared = prepared
        self.plan = plan
        self._nursery = nursery
        self._is_closed = False
        self._files: Files | None = None
        self._told: set[str] = set()

    def lock(self) -> tuple[int, ...]:
        """What says that this sandbox lives; a lock is held by every copy."""
        claimed = self.prepared.claim
        return () if claimed is None else (claimed.descriptor,)

    @property
    def files(self) -> Files:
        """Its files, for whoever runs it. Raises UsageError. From any thread, all of it."""
        if self._is_closed:
            raise UsageError("the sandbox is closed")
        if self._files is None:
            self._files = Files(self.prepared, self.plan.workdir)
        return self._files

    @property
    def tmpdir(self) -> str:
        """The private TMPDIR."""
        return self.prepared.tmpdir

    @property
    def session(self) -> str:
        """The audit's name; empty without one."""
        return "" if self.prepared.audit is None else self.prepared.audit.name

    async def start(self, argv: Sequence[str | os.PathLike[str]], how: How) -> Program:
        """Raises TypeError, UsageError, StartError."""
        if self._is_closed:
            raise UsageError("the sandbox is closed")
        words = check_argv(argv)
        with needing_descriptors(), making():
            pipes = open_pipes(how.wanted)
            keep_from_forks(pipes, pipes.ends)
        try:
            with in_python():
                session = await self._launch(words, how, pipes)
        except BaseException:
            forget(pipes)
            pipes.close_ours()
            raise
        limits = self.plan.limits
        timeout = None if limits is None else limits.timeout
        program = Program(session, tuple(words), pipes, self.prepared.decisions, timeout)
        forget(pipes)  # which are the program's now
        program.dropped = self._dropped(how.env)
        self._nursery.start_soon(program.serve)
        if how.in_time and timeout is not None:
            self._nursery.start_soon(program.end_in_time)
        return program

    def _dropped(self, env: Mapping[str, str] | None) -> tuple[str, ...]:
        """What was given, as it is nowhere in this process's environment, and does not arrive."""
        if env is None:
            return ()
        # What only such a program needs is loaded only then.
        from nono.supervisor.planning.network.services import not_passed_on

        names = not_passed_on(self.plan.environment, self.plan.services, env)
        found = tuple(each for each in names if os.environ.get(each) != env[each])
        new = [each for each in found if each not in self._told]
        if new:
            import logging

            self._told.update(new)
            words = ", ".join(visible(each) for each in new)
            said = "nono: env: the program does not get %s: a secret's name or value, or not of the"
            more = " variables that the policy passes on; Policy.variables(...) does"
            logging.getLogger("nono").warning(said + more, words)
        return found

    async def _launch(self, words: list[str], how: How, pipes: Pipes) -> Session:
        # The door to the platform.
        if sys.platform == "darwin":
            from nono.supervisor.macos.launch.start import SERVER
        else:
            from nono.supervisor.linux.launch.fork_server import SERVER

        environment = self.plan.environment.apply(os.environ if how.env is None else how.env)
        where = os.path.abspath(os.path.join(self.plan.workdir, how.cwd or os.curdir))
        launching = partial(
            start,
            self.prepared,
            words,
            environment,
            where,
            pipes.streams,
            SERVER,
            lingers=how.lingers,
        )
        try:
            # Not abandoned when cancelled: what was started has to be ended.
            with needing_descriptors():
                return await trio.to_thread.run_sync(launching)
        finally:
            pipes.close_theirs()

    async def in_thread(self, function: Callable[..., T], *args: Any, **named: Any) -> T:
        """What blocks, beside the rest; not abandoned when cancelled."""
        return await trio.to_thread.run_sync(partial(function, *args, **named))

    def start_soon(self, function: Any, *args: Any) -> None:
        """Beside the programs, until the sandbox closes."""
        self._nursery.start_soon(function, *args)

    def explained(self, denials: Sequence[Denial]) -> tuple[Denial, ...]:
        """In words, and as plain values: whoever asked is gone."""
        if not denials:
            return ()
        from nono.broker.requests import NOBODY
        from nono.supervisor.report.lines import explained

        origins = self._origins
        found = []
        for each in denials:
            entry = explained(self.prepared.decisions, each, self.plan.workdir)
            reason = entry.explanation.reason
            told = replace(entry.explanation, reason=python_words(reason, origins))
            request: Request = replace(each.request, process=NOBODY)
            found.append(replace(each, request=request, explanation=told, reason_in_flags=reason))
        return tuple(found)

    @cached_property
    def _origins(self) -> frozenset[str]:
        """What was said of the policy, as flags, which is how rules have it."""
        policy = self.plan.policy
        rules = (*policy.rules, *policy.network.rules, *policy.network.refusals)
        return frozenset(each.origin.name for each in rules if each.origin.kind is OriginKind.FLAG)

    def denials(self) -> tuple[Denial, ...]:
        """Everything that was refused in this sandbox so far. From any thread."""
        return self.explained(self.prepared.decisions.denials.all())

    def faults(self, program: Program) -> tuple[str, ...]:
        """Tracebacks of what failed while its calls were decided, or those of others here."""
        prepared = self.prepared
        return (*program.session.faults, *prepared.proxy_faults, *prepared.asking_faults)

    async def close(self) -> None:
        """When no program is left."""
        self._is_closed = True
        forget(self)
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(self.prepared.close)


def _tell(notes: Sequence[str]) -> None:
    """What a person should know of a policy or of this machine, once: warnings of logger `nono`."""
    new = [each for each in notes if each not in _TOLD]
    if new:
        import logging

        for each in new:
            logging.getLogger("nono").warning("nono: %s", visible(python_words(each), limit=1000))
            if len(_TOLD) < _MAX_TOLD:
                _TOLD[each] = None


@contextlib.asynccontextmanager
async def open_engine(
    plan: Plan, *, best_effort: bool, audit: AuditOptions | None, ask: Ask | None
) -> AsyncIterator[Engine]:
    """A sandbox that enforces `plan` until the block ends, and with it every program in it.

    Raises StartError, UsageError, PolicyError, and NonoError for a key that is missing.
    """
    if ask is not None:
        plan = replace(plan, policy=replace(plan.policy, default=Effect.ASK))
    with in_python(), needing_descriptors():
        prepared = await trio.to_thread.run_sync(prepare_in_host, plan, best_effort, audit, ask)
    _tell((*plan.notes, *prepared.notes))
    engine: Engine | None = None
    try:
        async with open_nursery() as nursery:
            engine = Engine(prepared, plan, nursery)
            keep_from_forks(engine, engine.lock)
            if prepared.credentials is not None:
                nursery.start_soon(prepared.credentials.serve)
            if prepared.proxy is not None:
                nursery.start_soon(prepared.proxy.serve)
            if prepared.asking is not None:
                nursery.start_soon(prepared.asking.serve)
            try:
                yield engine
            finally:
                nursery.cancel_scope.cancel()
    finally:
        if engine is not None:
            await engine.close()
