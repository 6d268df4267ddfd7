"""The library: sandboxes in a trio program, and one call for programs without trio.

    async with open_sandbox(policy) as box:
        result = await box.run(["python3", "script.py"], capture_output=True)

Programs are forked by a small server process (`fork_server.py`), since the caller has threads.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import trio

from nono.broker import Environment, Policy
from nono.supervisor.decisions.denials import Denial
from nono.supervisor.errors import UsageError
from nono.supervisor.linux.launch.fork_server import SERVER
from nono.supervisor.linux.launch.running import Session, start
from nono.supervisor.nursery import open_nursery
from nono.supervisor.session.prepare import Prepared, prepare
from nono.supervisor.streams import Streams

if TYPE_CHECKING:
    from nono.broker.credentials.services import Service
    from nono.supervisor.audit.writer import AuditOptions

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
    """Tracebacks of bugs in nono itself; each call in question was refused."""


class Sandbox:
    """Made by `open_sandbox`. Several programs may run in it, also at the same time."""

    def __init__(self, prepared: Prepared, environment: Environment) -> None:
        self._prepared = prepared
        self._environment = environment
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

        Without `input` it reads from the null device. `env` is filtered by the environment
        policy; None means this process's own. When cancelled, everything in the run is killed.
        Raises UsageError, StartError, CommandError when the program cannot be executed, and
        BrokenError when somebody killed the sandbox's init.
        """
        if self._closed:
            raise UsageError("the sandbox is closed")
        if isinstance(argv, str):
            raise TypeError("argv is a sequence of words, not a string")
        pipes = _Pipes(input, capture_output)
        try:
            session = await self._start(argv, env, cwd, pipes)
        except BaseException:
            pipes.close_ours()
            raise
        async with open_nursery() as nursery:
            pipes.serve(nursery)
            status = await _finish(session)
        return Completed(
            tuple(argv),
            os.waitstatus_to_exitcode(status),
            pipes.stdout if capture_output else None,
            pipes.stderr if capture_output else None,
            self.denials,
            (*session.faults, *self._proxy_faults()),
        )

    def _proxy_faults(self) -> Sequence[str]:
        credentials = self._prepared.credentials
        return () if credentials is None else credentials.issued.faults.texts

    async def _start(
        self,
        argv: Sequence[str],
        env: Mapping[str, str] | None,
        cwd: str | None,
        pipes: _Pipes,
    ) -> Session:
        environment = self._environment.apply(os.environ if env is None else env)
        where = os.path.abspath(cwd or ".")
        launching = partial(start, self._prepared, argv, environment, where, pipes.streams, SERVER)
        try:
            # Not abandoned when cancelled: what was started has to be ended.
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
        if input is None:
            stdin = self._keep(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
        else:
            reader, self._writer = os.pipe2(os.O_CLOEXEC)
            stdin = self._keep(reader)
        if capture:
            self.streams = Streams(stdin, self._output_pipe(), self._output_pipe())
        else:
            self.streams = Streams(stdin)

    def _keep(self, fd: int) -> int:
        self._theirs.callback(os.close, fd)
        return fd

    def _output_pipe(self) -> int:
        reader, writer = os.pipe2(os.O_CLOEXEC)
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
    policy: Policy,
    *,
    environment: Environment | None = None,
    best_effort: bool = False,
    nameservers: Sequence[tuple[str, int]] = (),
    audit: AuditOptions | None = None,
    services: Sequence[Service] = (),
) -> AsyncIterator[Sandbox]:
    """A sandbox that enforces `policy` until the block ends.

    `nameservers` (addresses and ports) are asked for the hosts that the policy allows, instead of
    the machine's own. With `audit` every decision is recorded, as `nono audit` shows it. The keys
    of `services` are loaded and added to the programs' requests; NonoError when one is missing.
    Raises StartError when this kernel cannot enforce the policy, unless `best_effort`.
    """
    preparing = partial(
        prepare,
        policy,
        best_effort=best_effort,
        nameservers=nameservers,
        audit=audit,
        services=services,
    )
    prepared = await trio.to_thread.run_sync(preparing)
    sandbox = Sandbox(prepared, environment or Environment())
    try:
        async with open_nursery() as nursery:
            if prepared.credentials is not None:
                nursery.start_soon(prepared.credentials.serve)
            yield sandbox
            nursery.cancel_scope.cancel()
    finally:
        await sandbox.aclose()


def run(
    argv: Sequence[str],
    policy: Policy,
    *,
    input: bytes | None = None,
    capture_output: bool = False,
    env: Mapping[str, str] | None = None,
    cwd: str | None = None,
    environment: Environment | None = None,
    nameservers: Sequence[tuple[str, int]] = (),
    audit: AuditOptions | None = None,
    services: Sequence[Service] = (),
    timeout: float | None = None,
) -> Completed:
    """Run one program in a sandbox of its own, from a program that does not use trio.

    After `timeout` seconds everything is killed and subprocess.TimeoutExpired is raised.
    """
    opening = open_sandbox(
        policy,
        environment=environment,
        nameservers=nameservers,
        audit=audit,
        services=services,
    )

    async def main() -> Completed:
        async with opening as box:
            return await box.run(argv, input=input, capture_output=capture_output, env=env, cwd=cwd)

    async def main_in_time(seconds: float) -> Completed:
        with trio.move_on_after(seconds):
            return await main()
        raise subprocess.TimeoutExpired(list(argv), seconds)

    return trio.run(main) if timeout is None else trio.run(main_in_time, timeout)
