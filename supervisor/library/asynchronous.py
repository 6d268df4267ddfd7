"""Sandboxes in programs of asyncio and of trio: whichever runs where they are opened."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Unpack

import sniffio

from nono.supervisor.errors import UsageError
from nono.supervisor.library.arguments import (
    CompleteArguments,
    RunArguments,
    StartArguments,
    as_bytes,
    seconds,
    to_run,
    to_start,
)
from nono.supervisor.library.buffers import MAX_LINE, Buffer
from nono.supervisor.library.collecting import CHUNK
from nono.supervisor.library.completing import complete
from nono.supervisor.library.completing import run as run_in
from nono.supervisor.library.files import MAX_FILE, MAX_NAMES, Entry, Path
from nono.supervisor.library.loops import InAsyncio, InTrio, Way
from nono.supervisor.library.opened import Opened, Started, opening
from nono.supervisor.library.policy import Given
from nono.supervisor.library.sinks import Waited

if TYPE_CHECKING:
    from nono.supervisor.audit.writer import AuditOptions
    from nono.supervisor.library.engine import Engine
    from nono.supervisor.library.program import Program
    from nono.supervisor.library.results import Completed


class AsyncReader:
    """What a program prints. One task reads at a time."""

    def __init__(self, way: Way, program: Program, name: str, text: bool) -> None:
        self._way, self._program, self._name = way, program, name
        self._buffer = Buffer(text)

    async def read(self, size: int = CHUNK) -> Any:
        """What is there by now, so much at the most; empty at the end."""
        while (found := self._buffer.part(size)) is None:
            await self._more()
        return found

    async def readline(self, size: int = MAX_LINE) -> Any:
        """A line with its end, or `size` of a longer one; empty at the end."""
        while (found := self._buffer.line(size)) is None:
            await self._more()
        return found

    def __aiter__(self) -> AsyncReader:
        return self

    async def __anext__(self) -> Any:
        line = await self.readline()
        if not line:
            raise StopAsyncIteration
        return line

    @property
    def has_more(self) -> bool:
        """True when `read` would find something now."""
        return self._buffer.has_some or self._program.is_waiting(self._name)

    async def close(self) -> None:
        """The program is told that nobody reads any more, when it prints."""
        await self._way.call(self._program.close_stream, self._name)

    async def _more(self) -> None:
        unread = partial(self._program.unread, self._name)
        receiving = self._program.receive, self._name
        self._buffer.add(await self._way.call(*receiving, abandon=unread))


class AsyncWriter:
    """What a program reads."""

    def __init__(self, way: Way, program: Program) -> None:
        self._way, self._program = way, program

    async def write(self, data: bytes | str) -> None:
        """All of it. Raises BrokenPipeError when the program reads no more."""
        await self._way.call(self._program.send, as_bytes(data) or b"")

    async def close(self) -> None:
        """The program sees the end; on a terminal what Control-D says, where it heeds that."""
        await self._way.call(self._program.close_stream, "stdin")


class AsyncProcess(Started):
    """A program that was started; see `Started` for what needs no await."""

    def __init__(self, way: Way, engine: Engine, program: Program, text: bool) -> None:
        super().__init__(engine, program, text)
        self._way = way
        names = program.streams
        self.stdin = AsyncWriter(way, program) if "stdin" in names else None
        self.stdout = AsyncReader(way, program, "stdout", text) if "stdout" in names else None
        self.stderr = AsyncReader(way, program, "stderr", text) if "stderr" in names else None

    async def wait(self, timeout: float | None = None) -> int:
        """Its status, once it has ended. Raises CommandError when it could not be executed,
        BrokenError, and subprocess.TimeoutExpired, which leaves it running."""
        if not await self._way.call(self._program.wait_for, seconds("timeout", timeout)):
            raise subprocess.TimeoutExpired(list(self.args), timeout or 0)
        return self._status()

    async def complete(
        self,
        input: bytes | str | None = None,
        timeout: float | None = None,
        **rest: Unpack[CompleteArguments],
    ) -> Completed:
        """As `AsyncSandbox.run` does from here on; what was read before is not in it."""
        until = self._until(input, timeout, rest)
        completed: Completed = await self._way.call(complete, self._engine, self._program, until)
        return completed

    async def communicate(self, input: bytes | str | None = None) -> tuple[Any, Any]:
        """What it prints, after `input` was written and its end has come."""
        done = await self.complete(input)
        return done.stdout, done.stderr

    async def stop(self, grace: float = 5.0) -> None:
        """Ask it to end, and kill all of it after so many seconds."""
        await self._way.call(self._program.stop, grace)

    async def __aenter__(self) -> AsyncProcess:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.stop(0)


class AsyncSandbox(Opened):
    """A sandbox that stays open: `async with AsyncSandbox(policy) as box`, or `open` and `close`.

    What leaves the block ends every program in it. `policy` may be a Plan, a Policy, a Profile or
    Options. With `audit` what is decided is recorded. `ask` is called for what no rule decides: an
    async function, or a plain one, which is called by the thread that decides and has to return
    at once. `best_effort` runs also where this kernel
    cannot enforce everything. To open it raises StartError, UsageError, PolicyError.
    """

    def __init__(
        self,
        policy: Given = None,
        *,
        audit: AuditOptions | None = None,
        ask: Any = None,
        best_effort: bool = False,
    ) -> None:
        super().__init__()
        self._policy, self._audit = policy, audit
        self._ask, self._best_effort = ask, best_effort
        self._way: Way | None = None

    async def open(self) -> AsyncSandbox:
        """Now, and not in an `async with`: `close` has to be called.

        In trio that is by the same task, after what was opened later there is closed.
        """
        if self._way is not None:
            raise UsageError("the sandbox was opened before")
        self._way = InTrio() if sniffio.current_async_library() == "trio" else InAsyncio()
        ask = None if self._ask is None else self._way.asking(self._ask)
        context = opening(self._policy, self._argv, self._audit, ask, self._best_effort)
        self._opened = await self._way.open(context)
        return self

    async def close(self) -> None:
        """End every program in it. May be called twice."""
        if self._opened is not None:
            await self.__aexit__(None, None, None)

    async def __aenter__(self) -> AsyncSandbox:
        return await self.open() if self._opened is None else self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._way is not None:
            await self._way.close(kind, error, traceback)

    async def run(
        self, argv: Sequence[str | os.PathLike[str]], **arguments: Unpack[RunArguments]
    ) -> Completed:
        """Run a program to its end. What it leaves running goes on until the sandbox closes.

        When cancelled, all of it is killed. See `RunArguments` for what may be given. Raises
        CommandError when it cannot be executed, TimeoutExpired, CalledProcessError with `check`.
        """
        asked = to_run("run", **arguments)
        way = self._open_way()
        jobs = Waited()
        for name, callback in asked.callbacks.items():
            asked.until.sinks[name] = way.sink(callback, jobs)
        given = self._engine, argv, asked.how, asked.until
        done: Completed = await way.call(run_in, *given, jobs=jobs)
        return done

    async def start(
        self, argv: Sequence[str | os.PathLike[str]], **arguments: Unpack[StartArguments]
    ) -> AsyncProcess:
        """Start a program, which lives until it ends or the sandbox closes.

        See `StartArguments`. That it cannot be executed is said by `wait`.
        """
        how, text = to_start("start", **arguments)
        way = self._open_way()
        program = await way.call(self._engine.start, argv, how, abandon=_kill)
        return AsyncProcess(way, self._engine, program, text)

    async def read(self, path: Path, max: int = MAX_FILE, *, text: bool = False) -> Any:
        """As `Files.read`, as the next ones are those of their names."""
        return await self._of_files(self._engine.files.read, path, max, text=text)

    async def write(
        self, path: Path, data: bytes | str, *, mode: int = 0o666, parents: bool = False
    ) -> None:
        """As `Files.write`."""
        await self._of_files(self._engine.files.write, path, data, mode=mode, parents=parents)

    async def put(self, source: Path, path: Path, *, parents: bool = False) -> None:
        """As `Files.put`."""
        await self._of_files(self._engine.files.put, source, path, parents=parents)

    async def get(self, path: Path, target: Path, max: int = MAX_FILE) -> None:
        """As `Files.get`."""
        await self._of_files(self._engine.files.get, path, target, max)

    async def listdir(self, path: Path = ".", max: int = MAX_NAMES) -> list[str]:
        """As `Files.listdir`."""
        found: list[str] = await self._of_files(self._engine.files.listdir, path, max)
        return found

    async def entries(self, path: Path = ".", max: int = MAX_NAMES) -> list[Entry]:
        """As `Files.entries`."""
        found: list[Entry] = await self._of_files(self._engine.files.entries, path, max)
        return found

    async def stat(self, path: Path) -> Entry:
        """As `Files.stat`."""
        found: Entry = await self._of_files(self._engine.files.stat, path)
        return found

    async def exists(self, path: Path) -> bool:
        """As `Files.exists`."""
        found: bool = await self._of_files(self._engine.files.exists, path)
        return found

    async def mkdir(
        self, path: Path, mode: int = 0o777, *, parents: bool = False, exist_ok: bool = False
    ) -> None:
        """As `Files.mkdir`."""
        making = self._engine.files.mkdir
        await self._of_files(making, path, mode, parents=parents, exist_ok=exist_ok)

    async def remove(self, path: Path) -> None:
        """As `Files.remove`."""
        await self._of_files(self._engine.files.remove, path)

    async def rename(self, path: Path, target: Path) -> None:
        """As `Files.rename`."""
        await self._of_files(self._engine.files.rename, path, target)

    async def _of_files(self, function: Any, *args: Any, **named: Any) -> Any:
        doing = partial(self._engine.in_thread, function, *args, **named)
        return await self._open_way().call(doing)

    def _open_way(self) -> Way:
        if self._way is None or self._opened is None:
            raise UsageError("the sandbox is not open", "async with nono.AsyncSandbox(...) as box")
        return self._way


def _kill(program: Program) -> None:
    """It was started for somebody who has gone."""
    program.kill()


async def arun(
    argv: Sequence[str | os.PathLike[str]],
    policy: Given = None,
    *,
    audit: AuditOptions | None = None,
    ask: Any = None,
    best_effort: bool = False,
    **arguments: Unpack[RunArguments],
) -> Completed:
    """Run one program in a sandbox of its own, from asyncio or trio, and end all that it started.

    As `AsyncSandbox` and its `run`; a policy that is no plan yet is one for this command.
    """
    to_run("arun", **arguments)  # before anything is opened
    sandbox = AsyncSandbox(policy, audit=audit, ask=ask, best_effort=best_effort)
    async with sandbox.made_for(argv) as box:
        return await box.run(argv, **arguments)
