"""Starting a sandbox's guard, by fork from here or as a program of its own, up to the program."""

from __future__ import annotations

import contextlib
import os
import resource
import select
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import NamedTuple, NoReturn, Protocol

from nono.supervisor import exit_status
from nono.supervisor.decisions.own_code import start_path
from nono.supervisor.errors import StartError, hint_of
from nono.supervisor.macos.launch import messages
from nono.supervisor.macos.launch.messages import Descriptors, Spec

_START_SECONDS = 30.0
PROLOGUE = "import sys; sys.path += sys.argv[6:]"
"""What the guard's own Python does first."""
_START = "from nono.supervisor.macos.launch.start import main; main()"
Collect = Callable[[], None]


class Forker(Protocol):
    """How the guard of a sandbox is started."""

    def fork(self, spec: Spec, ours: socket.socket, fds: Descriptors) -> Collect:
        """Start `guard.run` in a process of its own; what collects it once it has ended.

        `ours` is the end of its control socket that stays here. Raises StartError.
        """


class Launched(NamedTuple):
    """A sandbox whose program was executed, or could not be."""

    control: socket.socket
    collect: Collect
    pid: int
    not_executed: int | None = None

    def close(self) -> None:
        """Give back what it holds, once its guard has ended or is to end everything."""
        self.control.close()
        self.collect()


class ForkHere:
    """Forks this process, which must have no other thread: fork(2) keeps only the caller's."""

    def fork(self, spec: Spec, ours: socket.socket, fds: Descriptors) -> Collect:
        """As `Forker.fork`."""
        try:
            pid = os.fork()
        except OSError as error:
            raise StartError.of_step("fork", error.errno or 0) from error
        if pid == 0:
            ours.close()
            _be_guard(spec, fds)
        return lambda: _collect(pid)


def _be_guard(spec: Spec, fds: Descriptors) -> NoReturn:
    """The body of the forked process: whatever fails, nothing of what it is a copy of goes on."""
    try:
        from nono.supervisor.macos.launch import guard

        guard.run(spec, fds)
    finally:
        os._exit(exit_status.NOT_STARTED)


def _collect(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)


class Spawn:
    """Starts a new Python for it, for a program that has threads."""

    def fork(self, spec: Spec, ours: socket.socket, fds: Descriptors) -> Collect:
        """As `Forker.fork`."""
        numbers = (fds.control, fds.stdin, fds.stdout, fds.stderr)
        words = [sys.executable, "-I", "-c", f"{PROLOGUE}; {_START}", *map(str, numbers), "-"]
        try:
            process = subprocess.Popen(
                [*words, *start_path()], pass_fds=numbers, stdin=subprocess.DEVNULL
            )
            messages.send(ours, spec._asdict())
        except OSError as error:
            raise StartError.of_step("start the guard", error.errno or 0) from error
        return lambda: _wait(process)


SERVER = Spawn()


def _wait(process: subprocess.Popen[bytes]) -> None:
    process.wait()


def main() -> NoReturn:
    """The whole of the process that `Spawn` starts."""
    numbers = [int(word) for word in sys.argv[1:5]]
    with socket.socket(fileno=os.dup(numbers[0])) as control:
        message = messages.receive(control)
    if message is None:
        os._exit(exit_status.NOT_STARTED)
    _be_guard(Spec(**message[0]), Descriptors(*numbers))


def close_memory() -> None:
    """No core dump of this process from now on: it holds keys. (The sandbox opens no task port.)"""
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))


def launch(spec: Spec, fds: Descriptors, forker: Forker) -> Launched:
    """Start the sandbox. Blocks until its program was executed, or could not be.

    `fds.control` is replaced by a socket of this call's own. Raises StartError.
    """
    ours, theirs = socket.socketpair()
    try:
        with theirs:
            collect = forker.fork(spec, ours, fds._replace(control=theirs.fileno()))
        return _await_start(ours, collect)
    except BaseException:
        ours.close()
        raise


def _await_start(control: socket.socket, collect: Collect) -> Launched:
    match _receive_in_time(control):
        case [messages.STARTED, int(pid)]:
            return Launched(control, collect, pid)
        case [messages.NOT_EXECUTED, int(number)]:
            return Launched(control, collect, 0, number)
        case [messages.FAILED, str(step), int(number), str(words)]:
            collect()
            raise _failed(step, number, words)
    raise StartError("the sandbox ended before its program started", hint_of(0))


def _failed(step: str, number: int, words: str) -> StartError:
    if words:
        return StartError(f"cannot start the sandbox: {step}: {words}", hint_of(number))
    return StartError.of_step(step, number)


def _receive_in_time(control: socket.socket) -> list[object] | None:
    ready, _, _ = select.select([control], (), (), _START_SECONDS)
    if not ready:
        raise StartError(f"the sandbox did not start within {_START_SECONDS:.0f} seconds")
    with contextlib.suppress(ConnectionResetError):
        return messages.receive(control)
    return None
