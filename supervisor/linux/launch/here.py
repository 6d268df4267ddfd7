"""Starting the init of a program that takes nono's place, by a process without other threads.

It is the program in C, executed as the init of one sandbox: so nothing of this Python is copied, or
kept in memory for as long as the program runs. Where that was not compiled, or may not be executed,
and for what it does not do (a network of the program's own, and a person's terminal that is to be
put back when nono is killed), the init is a fork of this process.
"""

from __future__ import annotations

import contextlib
import os
import time
from _socket import SO_PASSCRED, SOL_SOCKET, socket

from nono.shims.linux import launcher
from nono.shims.linux.process import set_child_subreaper
from nono.shims.signals import signal
from nono.supervisor import exit_status
from nono.supervisor.linux.launch import protocol, request
from nono.supervisor.linux.launch.protocol import Descriptors, Spec
from nono.supervisor.linux.launch.start import failed, kill_and_reap
from nono.supervisor.linux.processes import children, descendants

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import NoReturn

_NAME = "nono-init"
_START_SECONDS = 30.0
_DESCRIPTORS = 12
"""That are free at a start: for what is left of it, the event loop, and a few calls at once."""
_ORPHAN_SECONDS = 0.02
_ORPHAN_ROUNDS = 500


class ForkHere:
    """By this process, which must have no other thread: fork(2) keeps only the caller's."""

    def __init__(self) -> None:
        set_child_subreaper(True)
        # What was ours before is no sandbox's: a shell that has become nono had jobs.
        self._before = children()

    def fork(self, spec: Spec, fds: Descriptors) -> int:
        _require_descriptors(fds.control)
        is_in_c = not spec.own_network and fds.outer < 0 and request.is_there()
        return (is_in_c and _execute(spec, fds)) or _fork(spec, fds)

    def open_pair(self) -> tuple[socket, socket]:
        return protocol.open_pair()

    def close(self, end: socket) -> None:
        end.close()

    def end_orphans(self) -> None:
        """They have become our children, or are below one; some may be forking still."""
        for _ in range(_ORPHAN_ROUNDS):
            left = descendants(os.getpid(), without=self._before)
            if not left:
                return
            kill_and_reap(left)
            time.sleep(_ORPHAN_SECONDS)


def _require_descriptors(fd: int) -> None:
    """Not to find out when the program runs, whose calls nono performs. Raises StartError."""
    with contextlib.ExitStack() as taken:
        for _ in range(_DESCRIPTORS):
            try:
                taken.callback(os.close, os.dup(fd))
            except OSError as error:
                raise failed("dup", error.errno or 0) from error


def _execute(spec: Spec, fds: Descriptors) -> int:
    """The process id of the program in C as the init; 0 where there is none, or that of another
    version, or nothing is left to start it with, which the fork says then."""
    ours, theirs = protocol.open_pair()
    with contextlib.closing(ours), contextlib.closing(theirs):
        try:
            theirs.setsockopt(SOL_SOCKET, SO_PASSCRED, 1)
            os.set_inheritable(theirs.fileno(), True)
            # Asked before it is there, so that neither waits for the other.
            request.send(ours, request.order_of(spec), fds)
            words = [_NAME, str(theirs.fileno()), "init"]
            # A signal that comes before it ignores that waits.
            pid = os.posix_spawn(launcher.PROGRAM, words, {}, setsigmask=signal.valid_signals())
        except OSError:
            return 0
        theirs.close()
        ours.settimeout(_START_SECONDS)
        if _is_started(ours):
            return pid
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return 0


def _is_started(ours: socket) -> bool:
    with contextlib.suppress(OSError):
        return request.number_from(ours) == launcher.INTERFACE and not request.number_from(ours)
    return False


def _fork(spec: Spec, fds: Descriptors) -> int:
    try:
        pid = os.fork()
    except OSError as error:
        raise failed("fork", error.errno or 0) from error
    if pid == 0:
        _be_init(spec, fds)
    return pid


def _be_init(spec: Spec, fds: Descriptors) -> NoReturn:
    """The body of the forked process: whatever fails, nothing of what it is a copy of goes on."""
    try:
        try:
            from nono.supervisor.linux.launch import init
        except OSError as error:
            with contextlib.closing(socket(fileno=fds.control)) as control:
                protocol.send(control, protocol.FAILED, "load the init", error.errno or 0)
        else:
            init.run(spec, fds)
    finally:
        os._exit(exit_status.NOT_STARTED)
