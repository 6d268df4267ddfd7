"""Starting a sandbox's init, by this process (`here`) or the fork server, up to the listener."""

from __future__ import annotations

import contextlib
import errno
import os
import select
from _socket import socket
from collections.abc import Iterable

from nono.broker.named_tuple import NamedTuple
from nono.shims.linux.process import set_dumpable
from nono.shims.signals import signal
from nono.supervisor.errors import StartError, hint_of
from nono.supervisor.linux.launch import protocol
from nono.supervisor.linux.launch.protocol import Descriptors, Spec

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Protocol
else:
    Protocol = object


_START_SECONDS = 30.0


class Forker(Protocol):
    """How the init of a sandbox is started, and what becomes of its processes without it."""

    def fork(self, spec: Spec, fds: Descriptors) -> int:
        """Start an init in a new process that is below ours; its pid. Raises StartError."""

    def open_pair(self) -> tuple[socket, socket]:
        """To talk with an init, whose end comes with that of ours: no fork of this process keeps
        one. Raises OSError."""

    def close(self, end: socket) -> None:
        """One of these."""

    def end_orphans(self) -> None:
        """Called when an init was killed: end the processes that it has left behind."""


class Launched(NamedTuple):
    """A sandbox whose filter is in place and whose program waits for its execve to be answered."""

    control: socket
    listener: int | None
    """None for a sandbox without a broker."""
    init_pid: int
    child_pid: int
    child_pidfd: int
    not_executed: int | None = None
    """The errno of an execve that has failed already."""
    proxy: int | None = None
    """What listens in the program's own network, where it has one."""

    def close(self, forker: Forker) -> None:
        """End the sandbox before it is served: an init without a supervisor ends everything."""
        for fd in (self.listener, self.proxy):
            if fd is not None:
                os.close(fd)
        os.close(self.child_pidfd)
        forker.close(self.control)


def failed(step: str, number: int) -> StartError:
    """The error for a step of a start that failed."""
    if number not in (errno.EAGAIN, errno.ENOMEM):
        return StartError.of_step(step, number)
    # What only this needs is loaded only then.
    from nono.supervisor.linux.process_bounds import no_more

    return no_more(step)


def close_memory() -> None:
    """No core dump of this process from now on, and no look into it by others: it holds keys."""
    set_dumpable(False)


def kill_and_reap(pids: Iterable[int]) -> None:
    """Kill processes below ours, and collect those that are our children."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def launch(spec: Spec, fds: Descriptors, forker: Forker) -> Launched:
    """Start the sandbox. Blocks until its filter is in place.

    `fds.control` is replaced by a socket of this call's own. Raises StartError.
    """
    ours, theirs = forker.open_pair()
    try:
        try:
            init_pid = forker.fork(spec, fds._replace(control=theirs.fileno()))
        finally:
            forker.close(theirs)
        return _await_start(ours, init_pid, spec)
    except BaseException:
        forker.close(ours)
        raise


def _await_start(control: socket, init_pid: int, spec: Spec) -> Launched:
    """Hear that the filter is in place and that the program was started, in either order.

    A program that ends at once may have said so before the init says that it was started.
    """
    held: list[int] = []
    broker, proxy = spec.broker, None
    listener, child_pid, pidfd, confined, not_executed = None, 0, -1, False, None
    try:
        while not (confined and child_pid):
            message, fds = _receive_in_time(control)
            held += fds
            match message:
                case [protocol.LISTENER] if len(fds) == broker:
                    listener, confined = (fds[0] if broker else None), True
                case [protocol.PROXY] if len(fds) == 1 and spec.own_network:
                    proxy = fds[0]
                case [protocol.STARTED, int(pid)] if len(fds) == 1:
                    child_pid, pidfd = pid, fds[0]
                case [protocol.NOT_EXECUTED, int(number)]:
                    not_executed = number
                case [protocol.FAILED, str(step), int(number)]:
                    raise failed(step, number)
                case _:
                    raise StartError("the sandbox ended before its program started", hint_of(0))
    except BaseException:
        for fd in held:
            os.close(fd)
        raise
    return Launched(control, listener, init_pid, child_pid, pidfd, not_executed, proxy)


def _receive_in_time(control: socket) -> tuple[list[object] | None, list[int]]:
    poll = select.poll()
    poll.register(control, select.POLLIN)
    if not poll.poll(_START_SECONDS * 1000):
        raise StartError(f"the sandbox did not start within {_START_SECONDS:.0f} seconds")
    with contextlib.suppress(ConnectionResetError):
        return protocol.receive(control)
    return None, []
