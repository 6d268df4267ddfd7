"""What the program in C and `python_server` are asked: an order in memory, and descriptors."""

from __future__ import annotations

import os
import struct
from _socket import MSG_NOSIGNAL, SCM_RIGHTS, SOL_SOCKET, socket
from collections.abc import Iterator
from contextlib import contextmanager

from nono.shims.linux import launcher
from nono.supervisor.linux.launch.protocol import Descriptors, Spec


def is_there() -> bool:
    """Whether there is the program in C.

    NONO_LAUNCHER=no, which is for tests and comparisons, leaves it out of every start.
    """
    return os.environ.get("NONO_LAUNCHER") != "no" and launcher.is_there()


def order_of(spec: Spec) -> bytes:
    """For the program in C."""
    command = spec.argv[0] if spec.argv else ""
    candidates = [command]
    if not os.path.dirname(command):
        # As execvpe, which Python's way has it from: os.get_exec_path() loads `warnings`.
        search = spec.env.get("PATH", os.defpath).split(os.pathsep)
        candidates = [os.path.join(each, command) for each in search]
    return launcher.Order(
        candidates=candidates if command else [],
        argv=spec.argv,
        env=[f"{name}={value}" for name, value in spec.env.items()],
        cwd=spec.cwd,
        program=spec.program,
        keep=spec.keep,
        umask=spec.umask,
        broker=spec.broker,
        ignored_signals=spec.ignored_signals,
        signal_mask=spec.signal_mask,
        closed_streams=spec.closed_streams,
        lingers=spec.lingers,
        group=spec.group,
        rlimits=spec.rlimits,
        own_session=spec.own_session,
    ).pack()


def send(sock: socket, order: bytes, fds: Descriptors) -> None:
    """Ask for a sandbox. Raises OSError."""
    # What there is not is said beside, since a descriptor has to stand in its place.
    scope, terminal = (each if each >= 0 else fds.ruleset for each in (fds.scope, fds.terminal))
    passed = fds.control, fds.stdin, fds.stdout, fds.stderr, fds.ruleset, scope, terminal
    there = launcher.HAS_SCOPE * (fds.scope >= 0) | launcher.HAS_TERMINAL * (fds.terminal >= 0)
    with _in_memory(order) as memory:
        numbers = memory, *passed
        rights = struct.pack(f"{len(numbers)}i", *numbers)
        ancillary = [(SOL_SOCKET, SCM_RIGHTS, rights)]
        sock.sendmsg([bytes((there,))], ancillary, MSG_NOSIGNAL)


def number_from(sock: socket) -> int | None:
    """The version, or an answer; None where nothing of that kind is said. Raises OSError."""
    said = sock.recv(launcher.NUMBER.size)
    if len(said) != launcher.NUMBER.size:
        return None
    number: int = launcher.NUMBER.unpack(said)[0]
    return number


@contextmanager
def _in_memory(data: bytes) -> Iterator[int]:
    fd = os.memfd_create("nono-spec", os.MFD_CLOEXEC)
    try:
        with open(fd, "wb", closefd=False) as file:
            file.write(data)
        yield fd
    finally:
        os.close(fd)
