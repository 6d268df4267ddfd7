"""Sandboxes in programs without an event loop."""

from __future__ import annotations

import atexit
import os
import subprocess
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Unpack

from nono.supervisor.errors import UsageError
from nono.supervisor.library import answering, sinks
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
from nono.supervisor.library.opened import Opened, Started, opening
from nono.supervisor.library.policy import Given
from nono.supervisor.library.portal import Portal

if TYPE_CHECKING:
    from nono.supervisor.audit.writer import AuditOptions
    from nono.supervisor.library.engine import Engine
    from nono.supervisor.library.program import Program
    from nono.supervisor.library.results import Completed


class Reader:
    """What a program prints. One thread reads at a time."""

    def __init__(self, portal: Portal, program: Program, name: str, text: bool) -> None:
        self._portal, self._program, self._name = portal, program, name
        self._buffer = Buffer(text)

    def read(self, size: int = CHUNK) -> Any:
        """What is there by now, so much at the most; empty at the end."""
        while (found := self._buffer.part(size)) is None:
            self._more()
        return found

    def readline(self, size: int = MAX_LINE) -> Any:
        """A line with its end, or `size` of a longer one; empty at the end."""
        while (found := self._buffer.line(size)) is None:
            self._more()
        return found

    def __iter__(self) -> Reader:
        return self

    def __next__(self) -> Any:
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    @property
    def has_more(self) -> bool:
        """True when `read` would find something now, so that nobody has to wait for it."""
        return self._buffer.has_some or self._program.is_waiting(self._name)

    def close(self) -> None:
        """The program is told that nobody reads any more, when it prints."""
        self._portal.call(self._program.close_stream, self._name)

    def _more(self) -> None:
        unread = partial(self._program.unread, self._name)
        self._buffer.add(self._portal.call(self._program.receive, self._name, abandon=unread))


class Writer:
    """What a program reads."""

    def __init__(self, portal: Portal, program: Program) -> None:
        self._portal, self._program = portal, program

    def write(self, data: bytes | str) -> None:
        """All of it. Raises BrokenPipeError when the program reads no more."""
        self._portal.call(self._program.send, as_bytes(data) or b"")

    def close(self) -> None:
        """The program sees the end; on a terminal what Control-D says, where it heeds that."""
        self._portal.call(self._program.close_stream, "stdin")


class Process(Started):
    """A program that was started."""

    def __init__(self, portal: Portal, engine: Engine, program: Program, text: bool) -> None:
        super().__init__(engine, program, text)
        self._portal = portal
        names = program.streams
        self.stdin = Writer(portal, program) if "stdin" in names else None
        self.stdout = Reader(portal, program, "stdout", text) if "stdout" in names else None
        self.stderr = Reader(portal, program, "stderr", text) if "stderr" in names else None

    def poll(self) -> int | None:
        """The same as `returncode`."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its status, once it has ended. Raises CommandError when it could not be executed,
        BrokenError, and subprocess.TimeoutExpired, which leaves it running."""
        if not self._portal.call(self._program.wait_for, seconds("timeout", timeout)):
            raise subprocess.TimeoutExpired(list(self.args), timeout or 0)
        return self._status()

    def complete(
        self,
        input: bytes | str | None = None,
        timeout: float | None = None,
        **rest: Unpack[CompleteArguments],
    ) -> Completed:
        """As `Sandbox.run` does from here on; what was read before is not in it."""
        until = self._until(input, timeout, rest)
        return self._portal.call(complete, self._engine, self._program, until)

    def communicate(self, input: bytes | str | None = None) -> tuple[Any, Any]:
        """What it prints, after `input` was written and its end has come."""
        done = self.complete(input)
        return done.stdout, done.stderr

    def stop(self, grace: float = 5.0) -> None:
        """Ask it to end, and kill all of it after so many seconds."""
        self._portal.call(self._program.stop, grace)

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop(0)


class Sandbox(Opened):
    """A sandbox that stays open: `with Sandbox(policy) as box`, or `open` and `close`.

    What leaves the block ends every program in it. `policy` may be a Plan, a Policy, a Profile or
    Options. With `audit` what is decided is recorded. `ask` is called for what no rule decides, in
    a thread. `best_effort` runs also where this kernel cannot enforce everything. May be used from
    any thread. To open it raises StartError, UsageError, PolicyError.
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
        answers = None if ask is None else answering.in_thread(ask)
        self._how = policy, audit, answers, best_effort
        self._made: Portal | None = None

    def open(self) -> Sandbox:
        """Now, and not in a `with`: `close` has to be called."""
        if self._made is not None:
            raise UsageError("the sandbox was opened before")
        policy, audit, ask, best_effort = self._how
        context = opening(policy, self._argv, audit, ask, best_effort)
        portal = self._made = Portal(context)
        self._opened = portal.open()
        atexit.register(portal.close)
        return self

    def close(self) -> None:
        """End every program in it. May be called twice."""
        if self._made is not None:
            self._made.close()
            atexit.unregister(self._made.close)

    def __enter__(self) -> Sandbox:
        return self.open() if self._opened is None else self

    def __exit__(self, *error: object) -> None:
        self.close()

    def run(
        self, argv: Sequence[str | os.PathLike[str]], **arguments: Unpack[RunArguments]
    ) -> Completed:
        """Run a program to its end. What it leaves running goes on until the sandbox closes.

        See `RunArguments` for what may be given. Raises CommandError when it cannot be executed,
        TimeoutExpired, CalledProcessError with `check`. KeyboardInterrupt kills all of it first.
        """
        asked = to_run("run", **arguments)
        jobs = sinks.Jobs()
        for name, callback in asked.callbacks.items():
            asked.until.sinks[name] = sinks.in_queue(callback, jobs)
        return self._portal.call(run_in, self._engine, argv, asked.how, asked.until, jobs=jobs)

    def start(
        self, argv: Sequence[str | os.PathLike[str]], **arguments: Unpack[StartArguments]
    ) -> Process:
        """Start a program, which lives until it ends or the sandbox closes.

        See `StartArguments`. That it cannot be executed is said by `wait`.
        """
        how, text = to_start("start", **arguments)
        portal = self._portal
        program = portal.call(self._engine.start, argv, how, abandon=_kill)
        return Process(portal, self._engine, program, text)

    def read(self, path: Path, max: int = MAX_FILE, *, text: bool = False) -> Any:
        """As `Files.read`, as the next ones are those of their names."""
        return self._engine.files.read(path, max, text=text)

    def write(
        self, path: Path, data: bytes | str, *, mode: int = 0o666, parents: bool = False
    ) -> None:
        """As `Files.write`."""
        self._engine.files.write(path, data, mode=mode, parents=parents)

    def put(self, source: Path, path: Path, *, parents: bool = False) -> None:
        """As `Files.put`."""
        self._engine.files.put(source, path, parents=parents)

    def get(self, path: Path, target: Path, max: int = MAX_FILE) -> None:
        """As `Files.get`."""
        self._engine.files.get(path, target, max)

    def listdir(self, path: Path = ".", max: int = MAX_NAMES) -> list[str]:
        """As `Files.listdir`."""
        return self._engine.files.listdir(path, max)

    def entries(self, path: Path = ".", max: int = MAX_NAMES) -> list[Entry]:
        """As `Files.entries`."""
        return self._engine.files.entries(path, max)

    def stat(self, path: Path) -> Entry:
        """As `Files.stat`."""
        return self._engine.files.stat(path)

    def exists(self, path: Path) -> bool:
        """As `Files.exists`."""
        return self._engine.files.exists(path)

    def mkdir(
        self, path: Path, mode: int = 0o777, *, parents: bool = False, exist_ok: bool = False
    ) -> None:
        """As `Files.mkdir`."""
        self._engine.files.mkdir(path, mode, parents=parents, exist_ok=exist_ok)

    def remove(self, path: Path) -> None:
        """As `Files.remove`."""
        self._engine.files.remove(path)

    def rename(self, path: Path, target: Path) -> None:
        """As `Files.rename`."""
        self._engine.files.rename(path, target)

    @property
    def _portal(self) -> Portal:
        if self._made is None or self._opened is None:
            raise UsageError("the sandbox is not open", "with nono.Sandbox(...) as box")
        return self._made


def _kill(program: Program) -> None:
    """It was started for somebody who has gone."""
    program.kill()


def run(
    argv: Sequence[str | os.PathLike[str]],
    policy: Given = None,
    *,
    audit: AuditOptions | None = None,
    ask: Any = None,
    best_effort: bool = False,
    **arguments: Unpack[RunArguments],
) -> Completed:
    """Run one program in a sandbox of its own, and end all that it started.

    As `Sandbox` and its `run`; a policy that is no plan yet is one for this command.
    """
    to_run("run", **arguments)  # before anything is opened
    sandbox = Sandbox(policy, audit=audit, ask=ask, best_effort=best_effort)
    with sandbox.made_for(argv) as box:
        return box.run(argv, **arguments)
