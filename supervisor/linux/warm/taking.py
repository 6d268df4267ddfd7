"""In a process that was forked for one caller: who it is, whether all is as here, and the run.

Until the caller has shown that it may trace this process nothing of what it says is looked at, and
until it was told GO nothing was done that anybody could see.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from collections.abc import Callable
from typing import NamedTuple, NoReturn

from nono.shims.linux.process import set_pdeathsig
from nono.supervisor import exit_status
from nono.supervisor.linux.processes import read_bounded
from nono.supervisor.linux.warm import becoming, seen
from nono.supervisor.linux.warm.becoming import Given
from nono.supervisor.warm import itself, wire
from nono.supervisor.warm.wire import Different

_FIRST = 1
_TERMINAL = 4
"""The field of proc_pid_stat(5) after the name of the command, counted from the state."""
_RIGHTS_BESIDE = 2


class Warm(NamedTuple):
    """What is the same for every run."""

    run: Callable[[list[str]], NoReturn]
    """Runs the words of a command line, and ends the process."""
    python: list[bytes]
    """`itself.of_python` of the start."""
    parent: int


def serve(connection: socket.socket, pid: int, warm: Warm) -> NoReturn:
    """The body of the forked process, for a caller that connected as process `pid`.

    Every signal is blocked.
    """
    try:
        argv = _become(connection, pid, warm)
        if argv is not None:
            warm.run(argv)
    finally:
        os._exit(exit_status.NOT_STARTED)


def _become(connection: socket.socket, pid: int, warm: Warm) -> list[str] | None:
    """The words after the command's own name; None where it is not to be."""
    told = connection
    try:
        set_pdeathsig(signal.SIGKILL)
        if os.getppid() != warm.parent:
            return None
        os.setpgid(0, 0)
        _be_killed_after(wire.MAX_SECONDS)
        given = _asked(connection, pid, warm)
        status = _compare(pid)
        fd, life = becoming.take_descriptors(given, connection.fileno())
        told = socket.socket(fileno=fd)
        becoming.take_limits(pid)
        becoming.take_words(given, int(status["Umask"], 8))
        becoming.die_with(life)
        _be_killed_after(0)
        becoming.take_signals(status)
        wire.send(told, [wire.GO])
    except Different as why:
        _refuse(told, why)
        return None
    except (OSError, KeyError, ValueError) as error:
        _refuse(told, Different(f"{type(error).__name__}: {error}"))
        return None
    told.close()
    return given.argv[1:]


def _be_killed_after(seconds: int) -> None:
    """By SIGALRM, which is not blocked for as long; 0: not at all."""
    signal.alarm(seconds)
    signal.pthread_sigmask(signal.SIG_UNBLOCK if seconds else signal.SIG_BLOCK, {signal.SIGALRM})


def _refuse(told: socket.socket, why: Different) -> None:
    with contextlib.suppress(OSError):
        wire.send(told, wire.no(why))


def _asked(connection: socket.socket, pid: int, warm: Warm) -> Given:
    """What the caller sends once each has seen the other's. Raises as the rest does."""
    until = wire.limit()
    parts, _ = wire.receive(connection, until=until)
    own, content = wire.secret()
    wire.send(
        connection, [wire.behind(pid, parts[0]), str(os.getpid()).encode(), str(own).encode()]
    )
    parts, fds = wire.receive(connection, wire.MAX_DESCRIPTORS + _RIGHTS_BESIDE, until)
    if not parts or parts.pop(0) != content:
        raise wire.WireError("the caller cannot look at nono warm")
    of_process, of_python, numbers = (wire.take(parts) for _ in range(3))
    argv, orig_argv, environment = (part.split(b"\0") for part in parts)
    if len(fds) != len(numbers) + _RIGHTS_BESIDE or not all(map(bytes.isdigit, numbers)):
        raise wire.WireError("descriptors")
    differs = itself.difference(itself.of_process(), of_process)
    variables = becoming.pairs(environment)
    # Before what comes of them: of a locale Python has its encoding, and an option of its own.
    differs = differs or becoming.difference_at_start(os.environb, variables)
    differs = differs or itself.difference(warm.python, of_python)
    if differs:
        raise Different(f"another {differs}", wire.TOGETHER)
    return Given(
        [*map(os.fsdecode, argv)],
        [*map(os.fsdecode, orig_argv)],
        variables,
        [*map(int, numbers)],
        fds[_RIGHTS_BESIDE:],
        *fds[:_RIGHTS_BESIDE],
    )


def _compare(pid: int) -> dict[str, str]:
    """The caller's status. Raises Different where it was given something else than we."""
    theirs, ours = seen.status_of(pid), seen.status_of(os.getpid())
    why = seen.cannot_be_told(theirs, seen.status_of(_FIRST))
    if not why and _terminal(pid) != b"0":
        why = "a terminal"
    if why:
        raise Different(why)
    differs = seen.difference(seen.seen(os.getpid(), ours), seen.seen(pid, theirs))
    if differs:
        raise Different(f"another {differs}", wire.TOGETHER)
    return theirs


def _terminal(pid: int) -> bytes:
    """The number of its controlling terminal."""
    return read_bounded(f"/proc/{pid}/stat", 4096).rpartition(b")")[2].split()[_TERMINAL]
