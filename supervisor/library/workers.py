"""A worker of `SandboxExecutor`: an interpreter in a sandbox of its own."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import secrets
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from nono.broker import Access, Allow, Open
from nono.broker.errors import NonoError
from nono.broker.requests import RecordedProcess
from nono.supervisor.decisions.denials import Denial
from nono.supervisor.library import task_results
from nono.supervisor.library.pipes import DEVNULL, PIPE
from nono.supervisor.library.plain import Process, Sandbox
from nono.supervisor.library.task_errors import RemoteError, TaskError, TaskTimeout
from nono.supervisor.planning.plan import Plan

_HEADER = struct.Struct(">16sQ")
_SETTINGS = bytes(16)
_BEGIN = (
    # Not from the working directory, where an earlier worker may have left a module.
    "import sys; sys.path[:] = [*filter(None, sys.path)]; import os; f = open(os.dup(0), 'rb'); "
    "exec(compile(f.read(int.from_bytes(f.read(4), 'big')), '<nono worker>', 'exec')); main(f)"
)
_MAX_START = 120.0
"""Seconds within which a worker has to be there."""
_MAX_END = 0.5
"""Seconds that one that is ending has for it; the others are killed then."""
_NOTHING = pickle.dumps((list, (), {}))
"""A call that is answered once the worker is there."""


@dataclass(frozen=True, slots=True)
class Hiring:
    """How the workers of one executor are made."""

    plan: Plan
    executable: str
    initializer: bytes | None
    """A call, as a pickle."""
    max_result: int
    output: Any = DEVNULL
    sandbox: dict[str, Any] = field(default_factory=dict)
    """What `Sandbox` is given besides."""


class Worker:
    """Used by one thread at a time, but for `close`. To make one raises NonoError."""

    def __init__(self, how: Hiring) -> None:
        self._how = how
        self.calls = 0
        self.is_usable = True
        self._known: list[int] = []
        self._box = Sandbox(how.plan, **how.sandbox).open()
        try:
            words = [how.executable, "-c", _BEGIN]
            self._process = self._box.start(words, stdin=PIPE, stdout=PIPE, stderr=how.output)
            self._begin()
        except BaseException:
            self.close()
            raise

    def _begin(self) -> None:
        program = task_program()
        said = {"path": search_path(self._how.plan), "max_result": self._how.max_result}
        settings = json.dumps(said).encode()
        start = len(program).to_bytes(4, "big") + program
        start += _HEADER.pack(_SETTINGS, len(settings)) + settings
        with self._within(_MAX_START):
            self._send(start)
            self._answer(_NOTHING)
            if self._how.initializer is not None:
                self._answer(self._how.initializer)

    @property
    def is_ready(self) -> bool:
        """False when it has ended or printed meanwhile: the next call would pay for it."""
        process = self._process
        has_printed = process.stdout is not None and process.stdout.has_more
        return self.is_usable and process.poll() is None and not has_printed

    def call(self, payload: bytes, timeout: float | None) -> Any:
        """What a pickled call returns. Raises TaskError; but for a RemoteError, it is gone."""
        self.calls += 1
        with self._within(timeout):
            return self._answer(payload)

    def close(self) -> None:
        """End it, also in the middle of a call."""
        self.is_usable = False
        self._box.close()

    @contextlib.contextmanager
    def _within(self, seconds: float | None) -> Iterator[None]:
        """Kill it after so many seconds. Raises TaskTimeout then."""
        if seconds is None:
            yield
            return
        limit = _Limit(seconds, self._process)
        try:
            yield
        except RemoteError:
            raise
        except TaskError as error:
            if not limit.is_over:
                raise
            raise TaskTimeout(seconds, error.denials) from None
        finally:
            self.is_usable = not limit.end() and self.is_usable

    def _answer(self, payload: bytes) -> Any:
        token = secrets.token_bytes(16)
        self._known = self._process.refusals
        self._send(_HEADER.pack(token, len(payload)) + payload)
        said, size = _HEADER.unpack(self._receive(_HEADER.size))
        if said != token:
            raise self._gone("the worker sent what is no answer to this call")
        if size > self._how.max_result + (1 << 20):
            raise self._gone(f"the worker sent more than max_result={self._how.max_result} bytes")
        try:
            kind, value = task_results.decoded(memoryview(self._receive(size)))
            if kind == "value":
                return value
            name, message, told = (str(each) for each in value)
        except (ValueError, TypeError) as error:
            raise self._gone(f"the worker sent what is no result: {error}") from None
        raise RemoteError(name, message, told, self._refused())

    def _send(self, data: bytes) -> None:
        try:
            assert self._process.stdin is not None
            self._process.stdin.write(data)
        except (BrokenPipeError, NonoError):
            raise self._gone("the worker has ended") from None

    def _receive(self, size: int) -> bytearray:
        found = bytearray()
        assert self._process.stdout is not None
        while len(found) < size:
            try:
                piece = self._process.stdout.read(size - len(found))
            except NonoError:
                piece = b""
            if not piece:
                raise self._gone("the worker has ended")
            found += piece
        return found

    def _gone(self, why: str) -> TaskError:
        """An error, and no worker any more."""
        self.is_usable = False
        process: Process = self._process
        try:
            status = process.wait(_MAX_END)
        except subprocess.TimeoutExpired:
            process.kill()
        except NonoError as error:
            return TaskError(error.message, error.hint, self._refused())
        else:
            why = f"{why}: status {status}" if status >= 0 else f"{why}: signal {-status}"
        return TaskError(why, "", self._refused())

    def _refused(self) -> list[Denial]:
        """In this call; those of one program only grow in number and in count."""
        known = self._known
        return [
            each
            for place, each in enumerate(self._process.denials)
            if place >= len(known) or each.count > known[place]
        ]


class _Limit:
    """Kills a program after so many seconds, and never once it was ended."""

    def __init__(self, seconds: float, process: Process) -> None:
        self.is_over = False
        self._process = process
        self._lock = threading.Lock()
        self._is_ended = False
        self._timer = threading.Timer(seconds, self._kill)
        self._timer.daemon = True
        self._timer.start()

    def _kill(self) -> None:
        with self._lock:
            if not self._is_ended:
                self.is_over = True
                self._process.kill()

    def end(self) -> bool:
        """No more. True when it was too late."""
        self._timer.cancel()
        with self._lock:
            self._is_ended = True
        return self.is_over


def search_path(plan: Plan) -> list[str]:
    """This process's `sys.path`; last what the sandbox may write, so that a module that a call has
    left there takes no other one's place in the workers after it."""

    def is_written(entry: str) -> bool:
        path = os.path.realpath(os.path.join(plan.workdir, entry))
        return isinstance(plan.policy.decide(Open(RecordedProcess(0), path, Access.WRITE)), Allow)

    return sorted(sys.path, key=is_written)


def task_program() -> bytes:
    """The source of what runs inside."""
    with open(os.path.join(os.path.dirname(__file__), "task_program.py"), "rb") as file:
        return file.read()
