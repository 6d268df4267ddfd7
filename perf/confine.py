"""Runs a command under one part of the sandbox alone: the rungs between native and nono.

    python -m nono.perf.confine POLICY DIRECTORY RUNG LOOP COMMAND...

POLICY is a word of `policy.to_text`. RUNG is `landlock` (nono's ruleset for it), `filter` (nono's
filter, every call that it would stop let through), or `python`, `continue`, `inject`: a filter that
stops openat and nothing else, answered by bare_loop.py or by LOOP, the compiled bare_loop.c.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from nono.perf import bare_loop
from nono.perf.policy import from_text
from nono.shims.linux import landlock, notify, process
from nono.shims.linux.filter import build
from nono.shims.linux.syscall_classes import machine, number
from nono.supervisor.planning.make_plan import make_plan
from nono.supervisor.planning.options import Options
from nono.supervisor.session.prepare import prepare

_LOAD_NUMBER = (0x20, 0, 0, 0)
_RETURN = 0x06
_JUMP_IF_EQUAL = 0x15
_ALLOW = 0x7FFF0000
_USER_NOTIF = 0x7FC00000


def main(words: Sequence[str]) -> None:
    under, directory, rung, loop, *command = words
    process.set_no_new_privs()
    if rung == LANDLOCK:
        _under_landlock(command, from_text(under), directory)
    else:
        os.chdir(directory)
        RUNGS[rung](command, loop)


def _under_landlock(command: list[str], options: Options, directory: str) -> None:
    """The private TMPDIR that comes with it lies in the directory of the benchmark."""
    options = replace(options, allow=(*options.allow, directory))
    prepared = prepare(make_plan(options, command))
    os.chdir(directory)
    landlock.restrict_self(prepared.confinement.ruleset)
    os.execv(command[0], command)


def _under_filter(command: list[str], _: str) -> None:
    notify.install(build(machine(), broker=False), listener=False)
    os.execv(command[0], command)


def _under_notification(command: list[str], loop: str, serve: Callable[[int, str], None]) -> None:
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        fd = notify.install(_stop_openat())
        socket.send_fds(theirs, [b"."], [fd])
        os.close(fd)
        os.execv(command[0], command)
    theirs.close()
    _, fds, _, _ = socket.recv_fds(ours, 1, 1)
    # The request pipe is the timed program's alone, so that its end is seen.
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    serve(fds[0], loop)


def _stop_openat() -> bytes:
    program = (
        _LOAD_NUMBER,
        (_JUMP_IF_EQUAL, 0, 1, number(machine(), "openat")),
        (_RETURN, 0, 0, _USER_NOTIF),
        (_RETURN, 0, 0, _ALLOW),
    )
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


def _serve_in_python(listener: int, _: str) -> None:
    bare_loop.serve(listener)


def _serve_in_c(listener: int, loop: str, mode: str) -> None:
    os.set_inheritable(listener, True)
    os.execv(loop, [loop, str(listener), mode])


LANDLOCK = "landlock"
RUNGS: dict[str, Callable[[list[str], str], None]] = {
    "filter": _under_filter,
    "python": partial(_under_notification, serve=_serve_in_python),
    "continue": partial(_under_notification, serve=partial(_serve_in_c, mode="continue")),
    "inject": partial(_under_notification, serve=partial(_serve_in_c, mode="inject")),
}

if __name__ == "__main__":
    main(sys.argv[1:])
