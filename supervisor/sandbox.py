"""The library: sandboxes in a trio program, and one call for programs without trio.

    async with open_sandbox(plan) as box:
        result = await box.run(["python3", "script.py"], capture_output=True)

Programs are forked by a small server process (`fork_server.py`), since the caller has threads.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import trio

from nono.broker import Effect, Environment, Policy
from nono.supervisor.decisions.denials import Denial
from nono.supervisor.descriptors import needing_descriptors, not_executed
from nono.supervisor.errors import CommandError, UsageError
from nono.supervisor.nursery import open_nursery
from nono.supervisor.planning.plan import Plan
from nono.supervisor.printed import Printed
from nono.supervisor.session.prepare import Prepared, prepare_in_host
from nono.supervisor.session.start import start
from nono.supervisor.streams import Streams, is_inherited

if TYPE_CHECKING:
    from nono.broker.asking.question import Ask
    from nono.broker.credentials.services import Service
    from nono.supervisor.audit.writer import AuditOptions

    if sys.platform == "darwin":
        from nono.supervisor.macos.launch.running import Session
    else:
        from nono.supervisor.linux.launch.running import Session

_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Completed:
    """A program that ended. `returncode` is as `subprocess` has it: -n for signal n."""

    argv: tuple[str, ...]
    returncode: int
    stdout: bytes | None
    stderr: bytes | None
    denials: tuple[Denial, ...]
    """Everything that was refused in this sandbox so far."""
    faults: tuple[str, ...] = ()
    """Tracebacks of bugs in nono itself, and of errors in a function given as `ask`; each call in
    question was refused."""


class Sandbox:
    """Made by `open_sandbox`. Several programs may run in it, also at the same time."""

    def __init__(self, prepared: Prepared, plan: Plan) -> None:
        self._prepared = prepared
        self._plan = plan
        self._closed = False

    async def aclose(self) -> None:
        """Give back what the sandbox holds. No program can be run in it any more."""
        if self._closed:
            return
        self._closed = True
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(self._prepared.close)

    @property
    def tmpdir(self) -> str:
        """The private TMPDIR, gone when the sandbox closes."""
        return self._prepared.tmpdir

    @property
    def denials(self) -> tuple[Denial, ...]:
        """Everything that was refused so far, each object once."""
        return tuple(self._prepared.decisions.denials.all())

    async def run(
        self,
        argv: Sequence[str],
        *,
        input: bytes | None = None,
        capture_output: bool = False,
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
    ) -> Completed:
        """Run a program to its end, and every process that it started.

        Without `input` it reads from the null device. `env` is filtered by the plan's environment;
        None means this process's own. `cwd`, which may be relative to it, takes the place of the
        plan's working directory. When cancelled, everything in the run is killed.
        Raises UsageError, StartError, CommandError when the program cannot be executed, and
        BrokenError when somebody killed the sandbox's init.
        """
        if self._closed:
            raise UsageError("the sandbox is closed")
        if isinstance(argv, str):
            raise TypeError("argv is a sequence of words, not a string")
        with needing_descriptors():
            pipes = _Pipes(input, capture_output)
        try:
            session = await self._start(argv, env, cwd, pipes)
        except BaseException:
            pipes.close_ours()
            raise
        async with open_nursery() as nursery:
            pipes.serve(nursery)
            try:
                status = await _finish(session)
            except CommandError as error:
                raise not_executed(error) from error.__cause__
            if pipes.printed:
                await trio.to_thread.run_sync(pipes.printed.settle, abandon_on_cancel=True)
        return Completed(
            tuple(argv),
            os.waitstatus_to_exitcode(status),
            pipes.stdout if capture_output else None,
            pipes.stderr if capture_output else None,
            self.denials,
            (*session.faults, *self._prepared.proxy_faults, *self._prepared.asking_faults),
        )

    async def _start(
        self,
        argv: Sequence[str],
        env: Mapping[str, str] | None,
        cwd: str | None,
        pipes: _Pipes,
    ) -> Session:
        # The door to the platform.
        if sys.platform == "darwin":
            from nono.supervisor.macos.launch.start import SERVER
        else:
            from nono.supervisor.linux.launch.fork_server import SERVER

        environment = self._plan.environment.apply(os.environ if env is None else env)
        where = os.path.abspath(os.path.join(self._plan.workdir, cwd or os.curdir))
        launching = partial(start, self._prepared, argv, environment, where, pipes.streams, SERVER)
        try:
            # Not abandoned when cancelled: what was started has to be ended.
            with needing_descriptors():
                return await trio.to_thread.run_sync(launching)
        finally:
            pipes.close_theirs()


async def _finish(session: Session) -> int:
    try:
        return await session.wait()
    finally:
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(session.close)


class _Pipes:
    """The program's streams, as descriptors for it and trio streams for us."""

    def __init__(self, input: bytes | None, capture: bool) -> None:
        self._input = input
        self._theirs = contextlib.ExitStack()
        self._output = [bytearray(), bytearray()]
        self._ours: list[int] = []
        self._writer = -1
        self.printed = Printed()
        try:
            self.streams = self._open(capture)
        except BaseException:
            self.close_theirs()
            self.close_ours()
            raise

    def _open(self, capture: bool) -> Streams:
        if self._input is None:
            stdin = self._keep(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
        else:
            reader, self._writer = os.pipe()
            stdin = self._keep(reader)
        if capture:
            return Streams(stdin, self._output_pipe(), self._output_pipe())
        return Streams(stdin, self._inherited(1), self._inherited(2))

    def _inherited(self, number: int) -> int:
        """This process's stream, or the null device where it has none."""
        if is_inherited(number):
            return self.printed.instead_of(number, self._keep)
        return self._keep(os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC))

    def _keep(self, fd: int) -> int:
        self._theirs.callback(os.close, fd)
        return fd

    def _output_pipe(self) -> int:
        reader, writer = os.pipe()
        self._ours.append(reader)
        return self._keep(writer)

    @property
    def stdout(self) -> bytes:
        return bytes(self._output[0])

    @property
    def stderr(self) -> bytes:
        return bytes(self._output[1])

    def close_theirs(self) -> None:
        self._theirs.close()

    def close_ours(self) -> None:
        """Instead of `serve`, when there is nobody to talk to."""
        for fd in (self._writer, *self._ours):
            if fd >= 0:
                os.close(fd)

    def serve(self, nursery: trio.Nursery) -> None:
        if self._input is not None:
            nursery.start_soon(self._feed, self._writer, self._input)
        for fd, output in zip(self._ours, self._output, strict=False):
            nursery.start_soon(self._collect, fd, output)

    async def _feed(self, fd: int, data: bytes) -> None:
        async with trio.lowlevel.FdStream(fd) as stream:
            with contextlib.suppress(trio.BrokenResourceError):
                await stream.send_all(data)

    async def _collect(self, fd: int, output: bytearray) -> None:
        async with trio.lowlevel.FdStream(fd) as stream:
            while chunk := await stream.receive_some(_CHUNK):
                output += chunk


@contextlib.asynccontextmanager
async def open_sandbox(
    plan: Plan | Policy,
    *,
    environment: Environment | None = None,
    best_effort: bool = False,
    nameservers: Sequence[tuple[str, int]] | None = None,
    audit: AuditOptions | None = None,
    services: Sequence[Service] | None = None,
    ask: Ask | None = None,
) -> AsyncIterator[Sandbox]:
    """A sandbox that enforces `plan`, the whole of it, until the block ends.

    `environment`, `nameservers` (addresses and ports) and `services`, when given, take the place of
    the plan's. A bare `Policy` is a plan that drops what looks like a secret from the environment,
    works in this process's working directory, asks the machine's own name servers and has no
    services. With `audit` every decision is recorded, as `nono audit` shows it. The keys of
    services are loaded and added to the programs' requests; NonoError when one is missing. `ask`
    is called for what no rule decides: docs/asking.md. It gets a `Question` and returns an
    `Answer`, or None to refuse. A coroutine function may be called again while it waits, and is
    cancelled when its question is withdrawn. A plain function is called in the thread that decides,
    with the rights that this has, and by several threads at once: it has to return quickly.
    Raises StartError when this kernel cannot enforce the policy, unless `best_effort`, and when no
    descriptor is left, as with too many sandboxes at the same time. The plan's
    `notes` are not shown to anybody.
    """
    plan = _whole(plan, environment, nameservers, services)
    if ask is not None:
        plan = replace(plan, policy=replace(plan.policy, default=Effect.ASK))
    preparing = partial(prepare_in_host, plan, best_effort, audit, ask)
    with needing_descriptors():
        prepared = await trio.to_thread.run_sync(preparing)
    sandbox = Sandbox(prepared, plan)
    try:
        async with open_nursery() as nursery:
            if prepared.credentials is not None:
                nursery.start_soon(prepared.credentials.serve)
            if prepared.proxy is not None:
                nursery.start_soon(prepared.proxy.serve)
            if prepared.asking is not None:
                nursery.start_soon(prepared.asking.serve)
            yield sandbox
            nursery.cancel_scope.cancel()
    finally:
        await sandbox.aclose()


def _whole(
    given: Plan | Policy,
    environment: Environment | None,
    nameservers: Sequence[tuple[str, int]] | None,
    services: Sequence[Service] | None,
) -> Plan:
    """The plan, with what is given instead of its parts."""
    plan = given if isinstance(given, Plan) else Plan(given, Environment(), os.curdir)
    return replace(
        plan,
        environment=plan.environment if environment is None else environment,
        nameservers=plan.nameservers if nameservers is None else tuple(nameservers),
        services=plan.services if services is None else tuple(services),
    )


def run(
    argv: Sequence[str],
    plan: Plan | Policy,
    *,
    input: bytes | None = None,
    capture_output: bool = False,
    env: Mapping[str, str] | None = None,
    cwd: str | None = None,
    environment: Environment | None = None,
    best_effort: bool = False,
    nameservers: Sequence[tuple[str, int]] | None = None,
    audit: AuditOptions | None = None,
    services: Sequence[Service] | None = None,
    ask: Ask | None = None,
    timeout: float | None = None,
) -> Completed:
    """Run one program in a sandbox of its own, from a program that does not use trio.

    What may be given is as for `open_sandbox` and `Sandbox.run`, and so are the errors. After
    `timeout` seconds everything is killed and subprocess.TimeoutExpired is raised.
    """
    opening = open_sandbox(
        plan,
        environment=environment,
        best_effort=best_effort,
        nameservers=nameservers,
        audit=audit,
        services=services,
        ask=ask,
    )

    async def main() -> Completed:
        async with opening as box:
            return await box.run(argv, input=input, capture_output=capture_output, env=env, cwd=cwd)

    async def main_in_time(seconds: float) -> Completed:
        with trio.move_on_after(seconds):
            return await main()
        raise subprocess.TimeoutExpired(list(argv), seconds)

    return trio.run(main) if timeout is None else trio.run(main_in_time, timeout)
